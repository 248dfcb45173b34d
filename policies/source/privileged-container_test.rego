package planwarden.rules.source.privileged_container_test

import data.planwarden.rules.source.privileged_container

examples := data.source["privileged-container"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(privileged_container.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(privileged_container.findings) == 0 with input as example.input
	}
}
