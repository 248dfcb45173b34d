# METADATA
# title: Decision of phase approval
# description: Gathers the findings of every rule of the phase; an incomplete input is a finding itself.
package planwarden.approval

import data.planwarden.lib

required := {
	"subject.quorum": "number",
	"subject.requester.principal": "string",
	"subject.run": "string",
	"subject.target.name": "string",
	"tally.approvals": "array",
	"tally.quorum": "number",
	"tally.reached": "boolean",
	"tally.rejects": "array",
	"target.name": "string",
	"target.quorum": "number",
}

findings contains finding if {
	some finding in lib.incomplete(required)
}

# Without any input the rules above are undefined, not silent.
findings contains lib.plain(lib.incomplete_rule, "There is no input.") if not is_object(input)

findings contains finding if {
	some name
	some finding in data.planwarden.rules.approval[name].findings
}

rules contains lib.incomplete_rule.id

rules contains id if {
	some name
	id := data.planwarden.rules.approval[name].rule.id
}

decision := {"findings": [finding | some finding in findings], "rules": [id | some id in rules]}
