package planwarden.rules.verify.image_differs_test

import data.planwarden.rules.verify.image_differs

examples := data.verify["image-differs"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(image_differs.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(image_differs.findings) == 0 with input as example.input
	}
}
