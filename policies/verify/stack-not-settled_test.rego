package planwarden.rules.verify.stack_not_settled_test

import data.planwarden.rules.verify.stack_not_settled

examples := data.verify["stack-not-settled"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(stack_not_settled.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(stack_not_settled.findings) == 0 with input as example.input
	}
}
