# METADATA
# title: Folder of the node
# description: A hostPath volume lets a pod read and change files of its node.
# custom:
#   id: host-path
#   phase: source
#   severity: critical
#   remedy: Use a persistent volume claim, a config map or an emptyDir.
package planwarden.rules.source.host_path

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, pod.entry, array.concat(pod.path, ["volumes", index, "hostPath"]), message) if {
	some pod in kubernetes.pods
	some index, volume in object.get(pod.spec, "volumes", [])
	object.get(volume, "hostPath", null) != null
	message := sprintf("%s mounts a folder of the node.", [kubernetes.label(pod.entry)])
}
