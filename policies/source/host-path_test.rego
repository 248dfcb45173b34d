package planwarden.rules.source.host_path_test

import data.planwarden.rules.source.host_path

examples := data.source["host-path"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(host_path.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(host_path.findings) == 0 with input as example.input
	}
}
