# METADATA
# title: Namespaces or ports of the node
# description: A pod in the namespaces of its node sees the traffic and the processes of all others.
# custom:
#   id: host-namespaces
#   phase: source
#   severity: critical
#   remedy: Remove hostNetwork, hostPID, hostIPC and hostPort.
package planwarden.rules.source.host_namespaces

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, pod.entry, array.concat(pod.path, [field]), message) if {
	some pod in kubernetes.pods
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	object.get(pod.spec, field, false) != false
	message := sprintf("%s uses %s.", [kubernetes.label(pod.entry), field])
}

findings contains lib.at(rule, item.entry, array.concat(item.path, ["ports", index, "hostPort"]), message) if {
	some item in kubernetes.containers
	some index, port in object.get(item.container, "ports", [])
	object.get(port, "hostPort", 0) != 0
	message := sprintf("Container %s of %s takes a port of the node.", [
		kubernetes.container_name(item),
		kubernetes.label(item.entry),
	])
}
