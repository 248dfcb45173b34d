package planwarden.rules.approval.subject_of_other_target_test

import data.planwarden.rules.approval.subject_of_other_target

examples := data.approval["subject-of-other-target"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(subject_of_other_target.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(subject_of_other_target.findings) == 0 with input as example.input
	}
}
