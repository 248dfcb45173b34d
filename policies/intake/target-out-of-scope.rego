# METADATA
# title: Target outside the token
# description: A token names the targets it may change.
# custom:
#   id: target-out-of-scope
#   phase: intake
#   severity: high
#   remedy: Ask for a target that the token names, or have the operator widen the token.
package planwarden.rules.intake.target_out_of_scope

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	not input.target.name in input.actor.targets
	message := sprintf("The token does not name target %s.", [input.target.name])
}

findings contains lib.plain(rule, message) if {
	input.request.target != input.target.name
	message := sprintf("The request is not about target %s.", [input.target.name])
}
