package planwarden.rules.approval.votes_below_quorum_test

import data.planwarden.rules.approval.votes_below_quorum

examples := data.approval["votes-below-quorum"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(votes_below_quorum.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(votes_below_quorum.findings) == 0 with input as example.input
	}
}
