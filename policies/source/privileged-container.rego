# METADATA
# title: Privileged container
# description: A privileged container owns the node it runs on.
# custom:
#   id: privileged-container
#   phase: source
#   severity: critical
#   remedy: Remove securityContext.privileged, or set it to false.
package planwarden.rules.source.privileged_container

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, item.entry, path, message) if {
	some item in kubernetes.containers
	object.get(item.container, ["securityContext", "privileged"], false) != false
	path := array.concat(item.path, ["securityContext", "privileged"])
	message := sprintf("Container %s of %s is privileged.", [kubernetes.container_name(item), kubernetes.label(item.entry)])
}
