package planwarden.rules.source.wildcard_iam_in_source_test

import data.planwarden.rules.source.wildcard_iam_in_source

examples := data.source["wildcard-iam-in-source"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(wildcard_iam_in_source.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(wildcard_iam_in_source.findings) == 0 with input as example.input
	}
}
