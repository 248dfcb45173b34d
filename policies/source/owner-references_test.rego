package planwarden.rules.source.owner_references_test

import data.planwarden.rules.source.owner_references

examples := data.source["owner-references"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(owner_references.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(owner_references.findings) == 0 with input as example.input
	}
}
