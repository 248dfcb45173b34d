# METADATA
# title: Pods missing
# description: A workload stands when as many pods are ready as it asks for; no workload and no pods is never success.
# custom:
#   id: counts-differ
#   phase: verify
#   severity: critical
#   remedy: Look at the events and logs of the pods that are missing.
package planwarden.rules.verify.counts_differ

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some workload in input.observed.workloads
	not stands(workload)
	message := sprintf("%s %s: %d of %d pods ready.", [
		object.get(workload, "kind", "?"),
		object.get(workload, "name", "?"),
		object.get(workload, "ready", 0),
		object.get(workload, "desired", 0),
	])
}

findings contains lib.plain(rule, message) if {
	count(input.plan.images) > 0
	count(input.observed.workloads) == 0
	message := "No workload was observed."
}

stands(workload) if {
	workload.desired == workload.ready
	workload.ready > 0
	workload.pods >= workload.ready
}
