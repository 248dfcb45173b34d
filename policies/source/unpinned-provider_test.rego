package planwarden.rules.source.unpinned_provider_test

import data.planwarden.rules.source.unpinned_provider

examples := data.source["unpinned-provider"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(unpinned_provider.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(unpinned_provider.findings) == 0 with input as example.input
	}
}
