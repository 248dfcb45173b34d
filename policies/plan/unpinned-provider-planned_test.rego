package planwarden.rules.plan.unpinned_provider_planned_test

import data.planwarden.rules.plan.unpinned_provider_planned

examples := data.plan["unpinned-provider-planned"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(unpinned_provider_planned.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(unpinned_provider_planned.findings) == 0 with input as example.input
	}
}
