# METADATA
# title: allowPrivilegeEscalation is not said
# description: Kubernetes allows privilege escalation where nothing is said; the restricted standard asks for false.
# custom:
#   id: privilege-escalation-unset
#   phase: source
#   severity: low
#   remedy: Set securityContext.allowPrivilegeEscalation to false.
package planwarden.rules.source.privilege_escalation_unset

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, item.entry, item.path, message) if {
	some item in kubernetes.containers
	object.get(item.container, ["securityContext", "allowPrivilegeEscalation"], null) == null
	message := sprintf("Container %s of %s does not set allowPrivilegeEscalation.", [
		kubernetes.container_name(item),
		kubernetes.label(item.entry),
	])
}
