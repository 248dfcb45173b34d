package planwarden.rules.source.host_namespaces_test

import data.planwarden.rules.source.host_namespaces

examples := data.source["host-namespaces"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(host_namespaces.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(host_namespaces.findings) == 0 with input as example.input
	}
}
