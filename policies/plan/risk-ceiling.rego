# METADATA
# title: Above the risk ceiling
# description: A persona proposes changes up to its ceiling only.
# custom:
#   id: risk-ceiling
#   phase: plan
#   severity: high
#   remedy: Make the change smaller, or have a persona with a higher ceiling propose it.
package planwarden.rules.plan.risk_ceiling

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.about(rule, message, planned) if {
	input.actor.riskCeiling.destroyOrReplace == false
	some planned in input.plan.objects
	planned.action == "delete"
	message := sprintf("Persona %s may not delete %s.", [input.actor.persona, planned.kind])
}

findings contains lib.plain(rule, message) if {
	input.actor.riskCeiling.destroyOrReplace == false
	some planned in input.plan.resources
	planned.action in {"delete", "replace"}
	message := sprintf("Persona %s may not %s %s.", [input.actor.persona, planned.action, planned.address])
}

findings contains lib.plain(rule, message) if {
	input.facts.blastRadius.affected > input.actor.riskCeiling.affectedResources
	message := sprintf("The change affects %d resources; persona %s may affect %d.", [
		input.facts.blastRadius.affected,
		input.actor.persona,
		input.actor.riskCeiling.affectedResources,
	])
}
