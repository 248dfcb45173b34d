package planwarden.rules.approval.self_approval_test

import data.planwarden.rules.approval.self_approval

examples := data.approval["self-approval"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(self_approval.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(self_approval.findings) == 0 with input as example.input
	}
}
