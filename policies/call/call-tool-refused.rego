# METADATA
# title: Tool that is never called
# description: 'Some tools cannot be held to what was approved: a merge without a commit, code in a pod, a chart.'
# custom:
#   id: call-tool-refused
#   phase: call
#   severity: critical
#   remedy: 'Report this as a fault: no step of the road calls this tool.'
package planwarden.rules.call.call_tool_refused

import data.planwarden.calls
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	input.tool in calls.never
	message := sprintf("Tool %s is never called.", [input.tool])
}
