package planwarden.rules.source.root_user_test

import data.planwarden.rules.source.root_user

examples := data.source["root-user"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(root_user.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(root_user.findings) == 0 with input as example.input
	}
}
