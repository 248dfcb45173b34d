# METADATA
# title: Container may run as root
# description: Root inside a container is one flaw away from root on the node.
# custom:
#   id: root-user
#   phase: source
#   severity: high
#   remedy: Set runAsNonRoot to true and runAsUser to a number above 0, for the pod or for each container.
package planwarden.rules.source.root_user

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, item.entry, array.concat(item.path, ["securityContext", "runAsNonRoot"]), message) if {
	some item in kubernetes.containers
	setting(item, "runAsNonRoot") != true
	message := sprintf("Container %s of %s may run as root: runAsNonRoot is not true.", [
		kubernetes.container_name(item),
		kubernetes.label(item.entry),
	])
}

findings contains lib.at(rule, item.entry, array.concat(item.path, ["securityContext", "runAsUser"]), message) if {
	some item in kubernetes.containers
	setting(item, "runAsUser") == 0
	message := sprintf("Container %s of %s runs as user 0.", [kubernetes.container_name(item), kubernetes.label(item.entry)])
}

# What stands at the container wins over what stands at the pod.
setting(item, name) := object.get(
	item.container, ["securityContext", name],
	object.get(item.pod, ["securityContext", name], null),
)
