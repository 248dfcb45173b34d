package planwarden.rules.source.image_unpinned_test

import data.planwarden.rules.source.image_unpinned

examples := data.source["image-unpinned"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(image_unpinned.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(image_unpinned.findings) == 0 with input as example.input
	}
}
