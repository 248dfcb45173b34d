# METADATA
# title: Plan outside the target
# description: The plan may change only the cluster and the namespaces of the target.
# custom:
#   id: plan-outside-target
#   phase: plan
#   severity: critical
#   remedy: 'Report this as a fault: the files were inside the target, the plan is not.'
package planwarden.rules.plan.plan_outside_target

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.about(rule, message, planned) if {
	some planned in input.plan.objects
	object.get(planned, "cluster", null) != input.target.cluster
	message := sprintf("%s %s lies in another cluster.", [planned.kind, planned.name])
}

findings contains lib.about(rule, message, planned) if {
	some planned in input.plan.objects
	not place_allowed(planned)
	message := sprintf("%s %s lies outside the namespaces of the target.", [planned.kind, planned.name])
}

place_allowed(planned) if lib.namespace_allowed(object.get(planned, "namespace", null))

place_allowed(planned) if {
	planned.kind == "Namespace"
	lib.namespace_allowed(planned.name)
}

place_allowed(planned) if {
	planned.kind == "Application"
	planned.group == "argoproj.io"
	planned.namespace == input.target.argocd.namespace
}
