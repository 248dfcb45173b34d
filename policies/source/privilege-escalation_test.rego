package planwarden.rules.source.privilege_escalation_test

import data.planwarden.rules.source.privilege_escalation

examples := data.source["privilege-escalation"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(privilege_escalation.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(privilege_escalation.findings) == 0 with input as example.input
	}
}
