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

# Where a plan shows documents of policy.
documents contains [planned.address, text] if {
	some planned in terraform.standing({
		"aws_iam_policy", "aws_iam_role_policy", "aws_iam_user_policy", "aws_iam_group_policy",
	})
	text := object.get(planned.after, "policy", null)
	is_string(text)
}

documents contains [planned.address, text] if {
	some planned in terraform.standing({"aws_iam_role"})
	some inline in listed(planned.after, "inline_policy")
	text := object.get(inline, "policy", null)
	is_string(text)
}

# What cannot be read may allow anything.
findings contains lib.plain(rule, message) if {
	some [address, text] in documents
	not json.is_valid(text)
	message := sprintf("The policy of %s is not JSON.", [address])
}

findings contains lib.plain(rule, message) if {
	some [address, text] in documents
	json.is_valid(text)
	document := json.unmarshal(text)
	some statement in as_list(object.get(document, "Statement", []))
	object.get(statement, "Effect", "") == "Allow"
	every_action(statement)
	some resource in as_list(object.get(statement, "Resource", []))
	resource == "*"
	message := sprintf("%s allows everything on everything.", [address])
}

# However the source puts the name together, the plan shows it.
findings contains lib.plain(rule, message) if {
	some [address, arn] in attached
	regex.match(`^arn:aws[a-z-]*:iam::aws:policy/AdministratorAccess$`, arn)
	message := sprintf("%s hands out AdministratorAccess.", [address])
}

attached contains [planned.address, arn] if {
	some planned in terraform.standing({
		"aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment",
		"aws_iam_policy_attachment",
	})
	arn := object.get(planned.after, "policy_arn", null)
	is_string(arn)
}

attached contains [planned.address, arn] if {
	some planned in terraform.standing({"aws_iam_role"})
	some arn in listed(planned.after, "managed_policy_arns")
	is_string(arn)
}

every_action(statement) if {
	some action in as_list(object.get(statement, "Action", []))
	action in {"*", "*:*"}
}

# All but what is named.
every_action(statement) if object.get(statement, "NotAction", null) != null

listed(after, name) := value if {
	value := object.get(after, name, [])
	is_array(value)
} else := []

as_list(value) := value if is_array(value)

as_list(value) := [value] if not is_array(value)
