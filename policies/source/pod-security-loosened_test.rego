package planwarden.rules.source.pod_security_loosened_test

import data.planwarden.rules.source.pod_security_loosened

examples := data.source["pod-security-loosened"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(pod_security_loosened.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(pod_security_loosened.findings) == 0 with input as example.input
	}
}
