package planwarden.rules.source.missing_owner_in_source_test

import data.planwarden.rules.source.missing_owner_in_source

examples := data.source["missing-owner-in-source"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(missing_owner_in_source.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(missing_owner_in_source.findings) == 0 with input as example.input
	}
}
