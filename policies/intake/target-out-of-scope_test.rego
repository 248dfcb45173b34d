package planwarden.rules.intake.target_out_of_scope_test

import data.planwarden.rules.intake.target_out_of_scope

examples := data.intake["target-out-of-scope"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(target_out_of_scope.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(target_out_of_scope.findings) == 0 with input as example.input
	}
}
