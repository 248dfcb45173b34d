# METADATA
# title: Unencrypted storage
# description: Storage that is not encrypted can be read by who gets hold of it.
# custom:
#   id: unencrypted-storage
#   phase: source
#   severity: high
#   remedy: Set the encryption of the resource to true.
package planwarden.rules.source.unencrypted_storage

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.in_file(rule, message, resource.file, resource.line) if {
	some resource in input.resources
	resource.mode == "managed"
	path := terraform.encryption[resource.type]
	count(terraform.settings(resource, path)) == 0
	message := sprintf("%s does not set %s.", [resource.address, path])
}

findings contains lib.in_file(rule, message, resource.file, setting.line) if {
	some resource in input.resources
	path := terraform.encryption[resource.type]
	some setting in terraform.settings(resource, path)
	setting.known == true
	setting.value != true
	message := sprintf("%s sets %s to something else than true.", [resource.address, path])
}
