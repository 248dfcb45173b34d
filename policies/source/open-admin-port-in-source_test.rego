package planwarden.rules.source.open_admin_port_in_source_test

import data.planwarden.rules.source.open_admin_port_in_source

examples := data.source["open-admin-port-in-source"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(open_admin_port_in_source.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(open_admin_port_in_source.findings) == 0 with input as example.input
	}
}
