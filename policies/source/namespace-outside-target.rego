# METADATA
# title: Namespace outside the target
# description: A target names the namespaces its workloads may use.
# custom:
#   id: namespace-outside-target
#   phase: source
#   severity: high
#   remedy: Use a namespace that the target names; search_infrastructure and the target show them.
package planwarden.rules.source.namespace_outside_target

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["metadata", "namespace"], message) if {
	some entry in input.objects
	some namespace in kubernetes.named_namespaces(entry)
	not kubernetes.namespace_fits(entry, namespace)
	message := sprintf("%s lies in a namespace the target does not name.", [kubernetes.label(entry)])
}

findings contains lib.at(rule, entry, ["metadata", "name"], message) if {
	some entry in input.objects
	kubernetes.kind(entry) == "Namespace"
	not lib.namespace_allowed(object.get(entry.object, ["metadata", "name"], null))
	message := sprintf("%s is not a namespace of the target.", [kubernetes.label(entry)])
}
