# METADATA
# title: Deletion of a namespace
# description: With a namespace goes everything in it, also what this plan does not show.
# custom:
#   id: namespace-deletion
#   phase: plan
#   severity: critical
#   remedy: Delete the objects one by one, and leave the namespace to the operator of the cluster.
package planwarden.rules.plan.namespace_deletion

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.about(rule, message, planned) if {
	some planned in input.plan.objects
	planned.kind == "Namespace"
	planned.action == "delete"
	message := sprintf("The plan deletes namespace %s.", [planned.name])
}
