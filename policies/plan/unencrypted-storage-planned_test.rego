package planwarden.rules.plan.unencrypted_storage_planned_test

import data.planwarden.rules.plan.unencrypted_storage_planned

examples := data.plan["unencrypted-storage-planned"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(unencrypted_storage_planned.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(unencrypted_storage_planned.findings) == 0 with input as example.input
	}
}
