# METADATA
# title: Decision of phase plan
# description: Gathers the findings of every rule of the phase; an incomplete input is a finding itself.
package planwarden.plan

import data.planwarden.lib

# A kind that is not known must bring what manifests bring: incomplete, so denied.
required := object.union_n([
	common,
	object.get(of_kind, object.get(input, ["target", "kind"], ""), of_kind.manifests),
	of_plan,
])

# Made without a binary, a preview has no file. Whatever else of a stack has none is incomplete.
of_plan := {} if object.get(input, ["plan", "kind"], "") == "terraform-preview/1"

else := {"plan.fileDigest": "string"} if object.get(input, ["target", "kind"], "") == "terraform"

else := {}

common := {
	"actor.persona": "string",
	"actor.principal": "string",
	"actor.riskCeiling.affectedResources": "number",
	"actor.riskCeiling.destroyOrReplace": "boolean",
	"facts.blastRadius.affected": "number",
	"plan.digest": "string",
	"target.environment": "string",
	"target.name": "string",
}

of_kind := {
	"manifests": {
		"plan.objects": "array",
		"target.argocd.namespace": "string",
		"target.argocd.namespaces": "array",
		"target.cluster": "string",
	},
	"terraform": {
		"plan.resources": "array",
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
	some finding in data.planwarden.rules.plan[name].findings
}

rules contains lib.incomplete_rule.id

rules contains id if {
	some name
	id := data.planwarden.rules.plan[name].rule.id
}

decision := {"findings": [finding | some finding in findings], "rules": [id | some id in rules]}
