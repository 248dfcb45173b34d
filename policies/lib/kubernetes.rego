# Pod specs, containers and places in the parsed objects of phase source.
package planwarden.kubernetes

import data.planwarden.lib

# Every pod spec, wherever it stands: the workload kinds, pod templates, and kinds nobody has heard of.
# Found by its `containers` list, so that a new kind cannot slip past a list of kinds.
pods := [{"entry": entry, "path": path, "spec": spec} |
	some entry in input.objects
	walk(entry.object, [path, spec])
	is_object(spec)
	is_array(object.get(spec, "containers", null))
]

container_lists := {"containers", "initContainers", "ephemeralContainers"}

containers := [{"entry": pod.entry, "path": path, "list": list, "container": container, "pod": pod.spec} |
	some pod in pods
	some list in container_lists
	some index, container in object.get(pod.spec, list, [])
	path := array.concat(pod.path, [list, index])
]

# Text of a value inside a container or object, for messages: never undefined, never a composite.
text(value, path) := found if {
	found := object.get(value, path, "?")
	is_string(found)
} else := "?"

container_name(item) := text(item.container, ["name"])

kind(entry) := text(entry.object, ["kind"])

name(entry) := text(entry.object, ["metadata", "name"])

label(entry) := concat("/", [kind(entry), name(entry)])

annotations(entry) := found if {
	found := object.get(entry.object, ["metadata", "annotations"], {})
	is_object(found)
} else := {}

argoproj(entry) if {
	version := object.get(entry.object, "apiVersion", "")
	is_string(version)
	startswith(version, "argoproj.io/")
}

applications := [entry |
	some entry in input.objects
	argoproj(entry)
	kind(entry) == "Application"
]

# Sync options that neither replace nor force, nor turn a check off.
harmless_sync_options := {
	"CreateNamespace=true", "CreateNamespace=false", "ServerSideApply=true", "PruneLast=true",
	"ApplyOutOfSyncOnly=true", "FailOnSharedResource=true", "Prune=false", "Prune=confirm",
	"Delete=confirm", "Validate=true", "PrunePropagationPolicy=foreground", "PrunePropagationPolicy=background",
}

# Namespaces an object names: the reference made by the parser, and what stands in the manifest itself.
named_namespaces(entry) := {namespace |
	some namespace in [
		object.get(entry, ["ref", "namespace"], null),
		object.get(entry.object, ["metadata", "namespace"], null),
	]
	namespace != null
}

namespace_fits(entry, namespace) if {
	kind(entry) == "Application"
	argoproj(entry)
	namespace == input.target.argocd.namespace
}

namespace_fits(entry, namespace) if {
	not argoproj(entry)
	lib.namespace_allowed(namespace)
}

# Kinds that act on the whole cluster, also where a namespace was written beside them.
cluster_kinds := {
	"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PersistentVolume", "StorageClass",
	"PriorityClass", "RuntimeClass", "IngressClass", "Node", "APIService", "CSIDriver",
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
	"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy",
	"MutatingAdmissionPolicyBinding", "CertificateSigningRequest",
}
