# METADATA
# title: Rights without bounds
# description: A wildcard grants what does not exist yet, and some verbs grant the rest.
# custom:
#   id: rbac-wildcard
#   phase: source
#   severity: high
#   remedy: Name the API groups, resources and verbs, and bind a role of the namespace.
package planwarden.rules.source.rbac_wildcard

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["rules", index, field], message) if {
	some entry in input.objects
	kubernetes.kind(entry) in {"Role", "ClusterRole"}
	some index, grant in object.get(entry.object, "rules", [])
	some field in ["apiGroups", "resources", "verbs"]
	some value in object.get(grant, field, [])
	too_wide(field, value)
	message := sprintf("%s grants too much in %s.", [kubernetes.label(entry), field])
}

findings contains lib.at(rule, entry, ["roleRef", "name"], message) if {
	some entry in input.objects
	kubernetes.kind(entry) in {"RoleBinding", "ClusterRoleBinding"}
	object.get(entry.object, ["roleRef", "name"], "") in {"cluster-admin", "admin", "edit"}
	message := sprintf("%s binds a role of the whole cluster.", [kubernetes.label(entry)])
}

# Whoever reaches the API server at all is one of these.
findings contains lib.at(rule, entry, ["subjects", index], message) if {
	some entry in input.objects
	kubernetes.kind(entry) in {"RoleBinding", "ClusterRoleBinding"}
	some index, subject in object.get(entry.object, "subjects", [])
	object.get(subject, "name", "") in {"system:anonymous", "system:unauthenticated", "system:authenticated"}
	message := sprintf("%s grants its role to everybody.", [kubernetes.label(entry)])
}

too_wide(_, value) if contains(value, "*")

too_wide(field, value) if {
	field == "verbs"
	value in {"escalate", "bind", "impersonate"}
}
