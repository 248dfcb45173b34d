# METADATA
# title: Object of the whole cluster
# description: An object without a namespace acts on everybody; a change of one target may bring a Namespace only.
# custom:
#   id: cluster-scoped
#   phase: source
#   severity: high
#   remedy: Name a namespace, or have the operator of the cluster make this object.
package planwarden.rules.source.cluster_scoped

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["metadata"], message) if {
	some entry in input.objects
	count(kubernetes.named_namespaces(entry)) == 0
	kubernetes.kind(entry) != "Namespace"
	message := sprintf("%s has no namespace.", [kubernetes.label(entry)])
}

# Kinds that stay cluster-scoped although a namespace was written.
findings contains lib.at(rule, entry, ["kind"], message) if {
	some entry in input.objects
	kubernetes.kind(entry) in kubernetes.cluster_kinds
	message := sprintf("%s acts on the whole cluster.", [kubernetes.label(entry)])
}
