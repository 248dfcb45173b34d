# METADATA
# title: Write without an approval
# description: Only reads and our own branch are free; everything else is released by an approval. An unknown tool counts as a write.
# custom:
#   id: call-write-without-approval
#   phase: call
#   severity: critical
#   remedy: Wait for the approval of the run.
package planwarden.rules.call.call_write_without_approval

import data.planwarden.calls
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	not input.tool in calls.reads
	not input.tool in calls.branch_writes
	not input.tool in calls.review_writes
	not input.approved == true
	message := sprintf("Tool %s writes and no approval was handed over.", [input.tool])
}
