# METADATA
# title: Destroyed in production
# description: What is destroyed or replaced in production is missed at once.
# custom:
#   id: destroy-in-production
#   phase: plan
#   severity: high
#   remedy: Keep the resource, or have the operator destroy it; a rename is written as a moved block.
package planwarden.rules.plan.destroy_in_production

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	input.target.environment in {"production", "prod"}
	some planned in object.get(input, ["plan", "resources"], [])
	planned.action in {"delete", "replace"}
	message := sprintf("The plan would %s %s in production.", [planned.action, planned.address])
}
