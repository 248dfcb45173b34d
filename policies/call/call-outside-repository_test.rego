package planwarden.rules.call.call_outside_repository_test

import data.planwarden.rules.call.call_outside_repository

examples := data.call["call-outside-repository"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(call_outside_repository.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(call_outside_repository.findings) == 0 with input as example.input
	}
}
