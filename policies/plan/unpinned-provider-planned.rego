# METADATA
# title: Provider or module without a fixed version, in the plan
# description: The plan names what it was made with; a provider or module without one exact version is other code tomorrow.
# custom:
#   id: unpinned-provider-planned
#   phase: plan
#   severity: high
#   remedy: Write one exact version, e.g. version = "6.34.0"; for a module from git, a commit as ref.
package planwarden.rules.plan.unpinned_provider_planned

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some provider in object.get(input, ["plan", "providers"], [])
	not built_in(provider)
	not terraform.exact(object.get(provider, "version", null))
	message := sprintf("Provider %s has no exact version.", [provider.source])
}

findings contains lib.plain(rule, message) if {
	some module in object.get(input, ["plan", "modules"], [])
	not terraform.module_fixed(module)
	message := sprintf("Module %s has no exact version.", [module.name])
}

built_in(provider) if startswith(provider.source, "terraform.io/builtin/")
