# METADATA
# title: Decision of phase call
# description: Gathers the findings of every rule of the phase; an incomplete input is a finding itself.
package planwarden.call

import data.planwarden.lib

# A kind that is not known must bring what manifests bring: incomplete, so denied.
required := object.union(common, object.get(of_kind, object.get(input, ["target", "kind"], ""), of_kind.manifests))

common := {
	"approved": "boolean",
	"arguments": "object",
	"run": "string",
	"server": "string",
	"step": "string",
	"target.baseBranch": "string",
	"target.environment": "string",
	"target.name": "string",
	"target.repository.name": "string",
	"target.repository.owner": "string",
	"tool": "string",
}

of_kind := {
	"manifests": {
		"target.argocd.namespace": "string",
		"target.argocd.namespaces": "array",
	},
	"terraform": {
		"target.stack": "string",
	},
}

findings contains finding if {
	some finding in lib.incomplete(required)
}

# Without any input the rules above are undefined, not silent.
findings contains lib.plain(lib.incomplete_rule, "There is no input.") if not is_object(input)

findings contains finding if {
	some name
	some finding in data.planwarden.rules.call[name].findings
}

rules contains lib.incomplete_rule.id

rules contains id if {
	some name
	id := data.planwarden.rules.call[name].rule.id
}

decision := {"findings": [finding | some finding in findings], "rules": [id | some id in rules]}
