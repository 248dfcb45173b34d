# METADATA
# title: Call outside the namespaces of the target
# description: A call acts in the namespaces of the target of its run; the namespace of Argo CD may be read.
# custom:
#   id: call-namespace-outside-target
#   phase: call
#   severity: critical
#   remedy: 'Report this as a fault: the run was planned for another namespace.'
package planwarden.rules.call.call_namespace_outside_target

import data.planwarden.calls
import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	namespace := object.get(input.arguments, "namespace", null)
	namespace != null
	not argument_allowed(namespace)
	message := sprintf("Tool %s is called for a namespace the target does not name.", [input.tool])
}

findings contains lib.plain(rule, message) if {
	input.tool in (calls.cluster_writes - {"resources_create_or_update"})
	object.get(input.arguments, "namespace", null) == null
	message := sprintf("Tool %s is called without a namespace.", [input.tool])
}

findings contains lib.plain(rule, message) if {
	object.get(input.arguments, "resource", null) != null
	not judged_resources
	message := sprintf("The manifest handed to %s is not one object.", [input.tool])
}

findings contains lib.plain(rule, message) if {
	some resource in calls.resources
	not resource_allowed(resource)
	message := sprintf("The manifest handed to %s lies outside the namespaces of the target.", [input.tool])
}

# The server ignores a namespace beside a kind of the whole cluster.
findings contains lib.plain(rule, message) if {
	input.tool in calls.cluster_writes
	object.get(input.arguments, "kind", null) in (kubernetes.cluster_kinds | {"Namespace"})
	message := sprintf("Tool %s is called for an object of the whole cluster.", [input.tool])
}

findings contains lib.plain(rule, message) if {
	some resource in calls.resources
	wide(resource)
	message := sprintf("The manifest handed to %s is a list or acts on the whole cluster.", [input.tool])
}

wide(resource) if object.get(resource, "kind", null) in kubernetes.cluster_kinds

wide(resource) if object.get(resource, "items", null) != null

judged_resources if count(calls.resources) == 1

argument_allowed(namespace) if lib.namespace_allowed(namespace)

argument_allowed(namespace) if {
	namespace == input.target.argocd.namespace
	input.tool in calls.reads
}

resource_allowed(resource) if lib.namespace_allowed(object.get(resource, ["metadata", "namespace"], null))

resource_allowed(resource) if {
	object.get(resource, "kind", null) == "Namespace"
	lib.namespace_allowed(object.get(resource, ["metadata", "name"], null))
}
