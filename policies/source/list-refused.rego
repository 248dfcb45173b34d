# METADATA
# title: List object
# description: A list hides its objects from every rule that judges one object.
# custom:
#   id: list-refused
#   phase: source
#   severity: high
#   remedy: Write each object as a document of its own, separated by three dashes.
package planwarden.rules.source.list_refused

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["kind"], message) if {
	some entry in input.objects
	is_list(entry)
	message := sprintf("%s is a list of objects.", [kubernetes.label(entry)])
}

is_list(entry) if kubernetes.kind(entry) == "List"

is_list(entry) if {
	endswith(kubernetes.kind(entry), "List")
	is_array(object.get(entry.object, "items", null))
}
