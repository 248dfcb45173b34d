# METADATA
# title: Approved by who asked
# description: The person who asked, or for whom the agent asked, does not approve the change, except with presence.
# custom:
#   id: self-approval
#   phase: approval
#   severity: critical
#   remedy: Have another person vote.
package planwarden.rules.approval.self_approval

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some vote in input.tally.approvals
	asked(vote.person)
	object.get(vote, "assurance", "") != "presence"
	message := "The change is approved by the person it was asked for."
}

asked(person) if person == object.get(input.subject, ["requester", "onBehalfOf"], null)

asked(person) if {
	is_string(person)
	input.subject.requester.principal == concat(":", ["person", person])
}
