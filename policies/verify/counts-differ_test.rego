package planwarden.rules.verify.counts_differ_test

import data.planwarden.rules.verify.counts_differ

examples := data.verify["counts-differ"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(counts_differ.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(counts_differ.findings) == 0 with input as example.input
	}
}
