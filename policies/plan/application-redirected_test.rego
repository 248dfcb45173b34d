package planwarden.rules.plan.application_redirected_test

import data.planwarden.rules.plan.application_redirected

examples := data.plan["application-redirected"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(application_redirected.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(application_redirected.findings) == 0 with input as example.input
	}
}
