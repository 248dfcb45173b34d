package planwarden.rules.source.rbac_wildcard_test

import data.planwarden.rules.source.rbac_wildcard

examples := data.source["rbac-wildcard"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(rbac_wildcard.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(rbac_wildcard.findings) == 0 with input as example.input
	}
}
