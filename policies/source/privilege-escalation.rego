# METADATA
# title: Privilege escalation or added capabilities
# description: A process that may gain privileges, or was given them, is not held by its user.
# custom:
#   id: privilege-escalation
#   phase: source
#   severity: high
#   remedy: Set allowPrivilegeEscalation to false and drop every capability except NET_BIND_SERVICE.
package planwarden.rules.source.privilege_escalation

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, item.entry, array.concat(item.path, ["securityContext", "allowPrivilegeEscalation"]), message) if {
	some item in kubernetes.containers
	object.get(item.container, ["securityContext", "allowPrivilegeEscalation"], false) != false
	message := sprintf("Container %s of %s may gain privileges.", [kubernetes.container_name(item), kubernetes.label(item.entry)])
}

findings contains lib.at(rule, item.entry, array.concat(item.path, ["securityContext", "capabilities", "add"]), message) if {
	some item in kubernetes.containers
	some capability in object.get(item.container, ["securityContext", "capabilities", "add"], [])
	capability != "NET_BIND_SERVICE"
	message := sprintf("Container %s of %s adds a capability other than NET_BIND_SERVICE.", [
		kubernetes.container_name(item),
		kubernetes.label(item.entry),
	])
}
