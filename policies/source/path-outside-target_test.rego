package planwarden.rules.source.path_outside_target_test

import data.planwarden.rules.source.path_outside_target

examples := data.source["path-outside-target"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(path_outside_target.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(path_outside_target.findings) == 0 with input as example.input
	}
}
