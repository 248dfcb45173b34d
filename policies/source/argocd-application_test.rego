package planwarden.rules.source.argocd_application_test

import data.planwarden.rules.source.argocd_application

examples := data.source["argocd-application"]

test_fires_on_every_bad_example if {
	count(examples.bad) > 0
	every example in examples.bad {
		count(argocd_application.findings) > 0 with input as example.input
	}
}

test_silent_on_every_good_example if {
	count(examples.good) > 0
	every example in examples.good {
		count(argocd_application.findings) == 0 with input as example.input
	}
}
