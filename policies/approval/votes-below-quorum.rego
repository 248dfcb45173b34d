# METADATA
# title: Votes below the quorum
# description: An approval needs as many persons as the subject and the target ask for, and no standing reject.
# custom:
#   id: votes-below-quorum
#   phase: approval
#   severity: critical
#   remedy: Wait for the votes that are missing.
package planwarden.rules.approval.votes_below_quorum

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	count(persons) < wanted
	message := sprintf("%d of %d persons approve.", [count(persons), wanted])
}

findings contains lib.plain(rule, message) if {
	count(input.tally.rejects) > 0
	message := "A reject stands."
}

findings contains lib.plain(rule, message) if {
	not input.tally.reached == true
	message := "The tally does not say that the quorum is reached."
}

# One person counts once, and a vote of nobody we know counts for nothing.
persons := {vote.person | some vote in input.tally.approvals; is_string(vote.person); vote.decision == "approve"}

wanted := max([1, input.subject.quorum, input.target.quorum, input.tally.quorum])
