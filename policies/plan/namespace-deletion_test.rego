package planwarden.rules.plan.namespace_deletion_test

import data.planwarden.rules.plan.namespace_deletion

examples := data.plan["namespace-deletion"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(namespace_deletion.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(namespace_deletion.findings) == 0 with input as example.input
	}
}
