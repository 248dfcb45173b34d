# METADATA
# title: No owner
# description: A resource without an owner is nobody's when it breaks or costs.
# custom:
#   id: missing-owner
#   phase: plan
#   severity: medium
#   remedy: Give the resource a tag owner, or set it for all in default_tags of the provider.
package planwarden.rules.plan.missing_owner

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some planned in object.get(input, ["plan", "resources"], [])
	object.get(planned, "mode", "managed") == "managed"
	object.get(planned, "action", "") in {"create", "replace"}
	is_object(object.get(planned, "after", null))
	takes_tags(planned)
	not "tags" in planned.unknown
	not has_owner(planned)
	message := sprintf("%s has no tag owner.", [planned.address])
}

takes_tags(planned) if object.get(planned.after, "tags", "absent") != "absent"

takes_tags(planned) if object.get(planned.after, "tags_all", "absent") != "absent"

has_owner(planned) if {
	some field in ["tags", "tags_all"]
	tags := object.get(planned.after, field, {})
	is_object(tags)
	some key, value in tags
	lower(key) == "owner"
	value != ""
}
