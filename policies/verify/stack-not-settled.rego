# METADATA
# title: Stack not as approved
# description: After the apply a plan of the merged files finds nothing left to change.
# custom:
#   id: stack-not-settled
#   phase: verify
#   severity: high
#   remedy: Look at what changed the stack meanwhile; ask for the change again.
package planwarden.rules.verify.stack_not_settled

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	input.plan.kind == "terraform-plan/1"
	input.observed.changes > 0
	message := sprintf("A plan made after the apply still finds %d changes.", [input.observed.changes])
}
