package planwarden.rules.plan.risk_ceiling_test

import data.planwarden.rules.plan.risk_ceiling

examples := data.plan["risk-ceiling"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(risk_ceiling.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(risk_ceiling.findings) == 0 with input as example.input
	}
}
