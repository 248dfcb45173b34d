# METADATA
# title: Persona outside its environments
# description: A persona may change only the environments its file names.
# custom:
#   id: persona-environment
#   phase: intake
#   severity: high
#   remedy: Ask for a target in an environment of this persona, or use a persona that may change this environment.
package planwarden.rules.intake.persona_environment

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	not allowed
	message := sprintf("Persona %s may not change environment %s.", [input.actor.persona, input.target.environment])
}

allowed if input.target.environment in input.actor.personaEnvironments

allowed if "*" in input.actor.personaEnvironments
