package planwarden.rules.intake.secret_in_text_test

import data.planwarden.rules.intake.secret_in_text

examples := data.intake["secret-in-text"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(secret_in_text.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(secret_in_text.findings) == 0 with input as example.input
	}
}
