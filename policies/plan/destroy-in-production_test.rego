package planwarden.rules.plan.destroy_in_production_test

import data.planwarden.rules.plan.destroy_in_production

examples := data.plan["destroy-in-production"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(destroy_in_production.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(destroy_in_production.findings) == 0 with input as example.input
	}
}
