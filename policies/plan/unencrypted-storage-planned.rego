# METADATA
# title: Unencrypted storage in the plan
# description: What the source computes shows in the plan, so storage without encryption is refused there too.
# custom:
#   id: unencrypted-storage-planned
#   phase: plan
#   severity: high
#   remedy: Set the encryption of the resource to true.
package planwarden.rules.plan.unencrypted_storage_planned

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some type, name in terraform.encryption
	some planned in terraform.standing({type})
	not name in object.get(planned, "unknown", [])
	object.get(planned.after, name, null) != true
	message := sprintf("%s leaves %s off.", [planned.address, name])
}

findings contains lib.plain(rule, message) if {
	some planned in terraform.standing({"aws_instance"})
	some device in ["root_block_device", "ebs_block_device"]
	some disk in blocks(planned.after, device)
	object.get(disk, "encrypted", null) == false
	message := sprintf("%s leaves a disk (%s) unencrypted.", [planned.address, device])
}

blocks(after, name) := value if {
	value := object.get(after, name, [])
	is_array(value)
} else := []
