package planwarden.rules.intake.persona_environment_test

import data.planwarden.rules.intake.persona_environment

examples := data.intake["persona-environment"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(persona_environment.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(persona_environment.findings) == 0 with input as example.input
	}
}
