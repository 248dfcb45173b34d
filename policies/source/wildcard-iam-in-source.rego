# METADATA
# title: Everything allowed on everything, in the source
# description: A policy that allows every action on every resource is an administrator. What the source computes is judged in the plan.
# custom:
#   id: wildcard-iam-in-source
#   phase: source
#   severity: critical
#   remedy: Name the actions and the resources that are needed.
package planwarden.rules.source.wildcard_iam_in_source

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

policies := {
	"aws_iam_group_policy": "policy",
	"aws_iam_policy": "policy",
	"aws_iam_role": "inline_policy.policy",
	"aws_iam_role_policy": "policy",
	"aws_iam_user_policy": "policy",
}

# `jsonencode({ Action = "*" })` and JSON as text; a text that is cut is judged as far as it goes.
findings contains lib.in_file(rule, message, resource.file, setting.line) if {
	some resource in input.resources
	some setting in terraform.settings(resource, policies[resource.type])
	says(setting.text, "Effect", `"Allow"`)
	says(setting.text, "Action", `"(\*|\*:\*)"`)
	says(setting.text, "Resource", `"\*"`)
	message := sprintf("%s allows everything on everything.", [resource.address])
}

findings contains lib.in_file(rule, message, resource.file, actions.line) if {
	some resource in input.resources
	resource.type == "aws_iam_policy_document"
	some actions in terraform.settings(resource, "statement.actions")
	regex.match(`"(\*|\*:\*)"`, actions.text)
	some resources in terraform.settings(resource, "statement.resources")
	object.get(resources, "block", 0) == object.get(actions, "block", 0)
	regex.match(`"\*"`, resources.text)
	not denying(resource, actions)
	message := sprintf("A statement of %s allows everything on everything.", [resource.address])
}

findings contains lib.in_file(rule, message, resource.file, setting.line) if {
	some resource in input.resources
	path := {"aws_iam_role_policy_attachment": "policy_arn", "aws_iam_user_policy_attachment": "policy_arn", "aws_iam_group_policy_attachment": "policy_arn", "aws_iam_policy_attachment": "policy_arn", "aws_iam_role": "managed_policy_arns"}[resource.type]
	some setting in terraform.settings(resource, path)
	regex.match(`arn:aws[a-z-]*:iam::aws:policy/AdministratorAccess"`, setting.text)
	message := sprintf("%s hands out AdministratorAccess.", [resource.address])
}

denying(resource, actions) if {
	some effect in terraform.settings(resource, "statement.effect")
	object.get(effect, "block", 0) == object.get(actions, "block", 0)
	effect.value == "Deny"
}

# `Key = value`, `Key: value` or `"Key": [value`, with or without quotes around the key, escaped or not.
says(text, key, value) if regex.match(
	sprintf(`\b%s\\?"?\s*[=:]\s*\[?\s*\\?%s`, [key, escapable(value)]),
	text,
)

# Inside a quoted text the inner quotes are escaped.
escapable(value) := replace(value, `"`, `\\?"`)
