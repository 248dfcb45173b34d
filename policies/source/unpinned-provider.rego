# METADATA
# title: Provider or module without a fixed version
# description: A provider or module without one exact version is other code tomorrow, run with our credentials.
# custom:
#   id: unpinned-provider
#   phase: source
#   severity: high
#   remedy: Write one exact version, e.g. version = "6.34.0"; for a module from git, a commit as ref.
package planwarden.rules.source.unpinned_provider

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.in_file(rule, message, provider.file, provider.line) if {
	some provider in input.providers
	not terraform.exact(object.get(provider, "version", null))
	message := sprintf("Provider %s has no exact version.", [provider.name])
}

findings contains lib.in_file(rule, message, module.file, module.line) if {
	some module in input.modules
	not terraform.module_fixed(module)
	message := sprintf("Module %s has no exact version.", [module.name])
}

# Whoever declares nothing takes the newest.
findings contains lib.in_file(rule, message, resource.file, resource.line) if {
	some resource in input.resources
	name := split(resource.type, "_")[0]
	name != "terraform"
	count(terraform.settings(resource, "provider")) == 0
	not declared(name)
	message := sprintf("Provider %s of %s is not declared with a version.", [name, resource.address])
}

declared(name) if {
	some provider in input.providers
	provider.name == name
}
