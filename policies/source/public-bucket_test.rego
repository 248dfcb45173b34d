package planwarden.rules.source.public_bucket_test

import data.planwarden.rules.source.public_bucket

examples := data.source["public-bucket"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(public_bucket.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(public_bucket.findings) == 0 with input as example.input
	}
}
