package planwarden.rules.plan.wildcard_iam_test

import data.planwarden.rules.plan.wildcard_iam

examples := data.plan["wildcard-iam"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(wildcard_iam.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(wildcard_iam.findings) == 0 with input as example.input
	}
}
