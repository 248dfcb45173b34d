# METADATA
# title: Object owned by another
# description: The cluster deletes what its owner goes with, and at once what names an owner that is not there. No plan shows that as a deletion.
# custom:
#   id: owner-references
#   phase: source
#   severity: high
#   remedy: Take metadata.ownerReferences out; controllers set it on what they make. To delete an object, delete its file.
package planwarden.rules.source.owner_references

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["metadata", "ownerReferences"], message) if {
	some entry in input.objects
	not object.get(entry.object, ["metadata", "ownerReferences"], []) in [null, []]
	message := sprintf("%s names an owner.", [kubernetes.label(entry)])
}
