package planwarden.rules.source.secret_in_manifest_test

import data.planwarden.rules.source.secret_in_manifest

examples := data.source["secret-in-manifest"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(secret_in_manifest.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(secret_in_manifest.findings) == 0 with input as example.input
	}
}
