# METADATA
# title: Review that is no review
# description: A review comments or asks for changes, from the one step that reviews; nothing of ours ever approves.
# custom:
#   id: call-review-refused
#   phase: call
#   severity: critical
#   remedy: 'Report this as a fault: no step of any road approves, and only the review road reviews.'
package planwarden.rules.call.call_review_refused

import data.planwarden.calls
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

events := {"COMMENT", "REQUEST_CHANGES"}

methods := {"create", "submit_pending", "delete_pending"}

findings contains lib.plain(rule, message) if {
	input.tool in calls.review_writes
	input.step != calls.review_step
	message := sprintf("Tool %s is called by another step than %s.", [input.tool, calls.review_step])
}

# The step that reviews does nothing else.
findings contains lib.plain(rule, message) if {
	input.step == calls.review_step
	not input.tool in calls.review_writes
	not input.tool in calls.reads
	message := sprintf("Step %s calls tool %s.", [input.step, input.tool])
}

findings contains lib.plain(rule, message) if {
	input.tool == "pull_request_review_write"
	not object.get(input.arguments, "method", "") in methods
	message := sprintf("Tool %s is called with a method that is not one of a review.", [input.tool])
}

findings contains lib.plain(rule, message) if {
	input.tool == "pull_request_review_write"
	event := object.get(input.arguments, "event", "COMMENT")
	not event in events
	message := sprintf("Tool %s is called with an event that is neither a comment nor a request for changes.", [input.tool])
}

# Without a word for it GitHub would take what is pending as it stands.
findings contains lib.plain(rule, message) if {
	input.tool == "pull_request_review_write"
	object.get(input.arguments, "method", "") == "submit_pending"
	object.get(input.arguments, "event", "") == ""
	message := sprintf("Tool %s submits without saying as what.", [input.tool])
}
