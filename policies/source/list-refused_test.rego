package planwarden.rules.source.list_refused_test

import data.planwarden.rules.source.list_refused

examples := data.source["list-refused"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(list_refused.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(list_refused.findings) == 0 with input as example.input
	}
}
