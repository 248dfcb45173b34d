package planwarden.rules.source.cluster_scoped_test

import data.planwarden.rules.source.cluster_scoped

examples := data.source["cluster-scoped"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(cluster_scoped.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(cluster_scoped.findings) == 0 with input as example.input
	}
}
