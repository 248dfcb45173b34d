# METADATA
# title: Deletion in production
# description: What is deleted in production is missed at once.
# custom:
#   id: delete-in-production
#   phase: plan
#   severity: high
#   remedy: Scale the workload to none first; deletions in production are made by the operator.
package planwarden.rules.plan.delete_in_production

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.about(rule, message, planned) if {
	input.target.environment in {"production", "prod"}
	some planned in input.plan.objects
	planned.action == "delete"
	message := sprintf("The plan deletes %s %s in production.", [planned.kind, planned.name])
}
