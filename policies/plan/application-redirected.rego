# METADATA
# title: Application turned to other files or another place
# description: What an Application delivered before and no longer reads is pruned by Argo CD, and no plan of the Application shows it.
# custom:
#   id: application-redirected
#   phase: plan
#   severity: high
#   remedy: Add a new Application for the new place and delete the old files where they are; redirecting one is for its operator.
package planwarden.rules.plan.application_redirected

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.about(rule, message, planned) if {
	some planned in input.plan.objects
	object.get(planned, "group", "") == "argoproj.io"
	object.get(planned, "kind", "") == "Application"
	object.get(planned, "action", "") == "update"
	some field in redirecting
	changes(planned, field)
	message := sprintf("The plan changes %s of Application %s.", [field, planned.name])
}

# What it reads, and where it brings it.
redirecting := {"source", "sources", "destination", "project"}

changes(planned, field) if {
	some change in object.get(planned, "diff", [])
	parts := split(object.get(change, "path", ""), "/")
	array.slice(parts, 0, 3) in [["", "spec", field], ["", "spec"], [""]]
	not beside(parts, field)
}

# A change of `spec` as a whole, or of the whole object, counts; one of another field of it does not.
beside(parts, field) if {
	count(parts) > 2
	parts[2] != field
}
