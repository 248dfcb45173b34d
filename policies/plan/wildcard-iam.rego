# METADATA
# title: Everything allowed on everything
# description: A policy that allows every action on every resource is an administrator.
# custom:
#   id: wildcard-iam
#   phase: plan
#   severity: critical
#   remedy: Name the actions and the resources that are needed.
package planwarden.rules.plan.wildcard_iam

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

policies := {"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy"}

# What cannot be read may allow anything.
findings contains lib.plain(rule, message) if {
	some planned in terraform.standing(policies)
	text := object.get(planned.after, "policy", null)
	is_string(text)
	not json.is_valid(text)
	message := sprintf("The policy of %s is not JSON.", [planned.address])
}

findings contains lib.plain(rule, message) if {
	some planned in terraform.standing(policies)
	text := object.get(planned.after, "policy", null)
	is_string(text)
	json.is_valid(text)
	document := json.unmarshal(text)
	some statement in as_list(object.get(document, "Statement", []))
	object.get(statement, "Effect", "") == "Allow"
	some action in as_list(object.get(statement, "Action", []))
	action in {"*", "*:*"}
	some resource in as_list(object.get(statement, "Resource", []))
	resource == "*"
	message := sprintf("%s allows everything on everything.", [planned.address])
}

as_list(value) := value if is_array(value)

as_list(value) := [value] if not is_array(value)
