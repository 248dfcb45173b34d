# METADATA
# title: No owner in the source
# description: A resource without an owner is nobody's when it breaks or costs. Tags that are computed are judged in the plan.
# custom:
#   id: missing-owner-in-source
#   phase: source
#   severity: medium
#   remedy: Give the resource a tag owner, or set it for all in default_tags of the provider.
package planwarden.rules.source.missing_owner_in_source

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

# Types that cost or hold something and take tags. Others are judged in the plan.
tagged := {
	"aws_db_instance", "aws_dynamodb_table", "aws_ebs_volume", "aws_ecs_cluster", "aws_efs_file_system",
	"aws_eks_cluster", "aws_instance", "aws_kms_key", "aws_lambda_function", "aws_nat_gateway",
	"aws_rds_cluster", "aws_s3_bucket", "aws_sns_topic", "aws_sqs_queue", "aws_vpc",
}

findings contains lib.in_file(rule, message, resource.file, resource.line) if {
	some resource in wanting
	count(terraform.settings(resource, "tags")) == 0
	message := sprintf("%s has no tag owner.", [resource.address])
}

findings contains lib.in_file(rule, message, resource.file, tags.line) if {
	some resource in wanting
	some tags in terraform.settings(resource, "tags")
	written_out(tags.text)
	not regex.match(`(?i)\bowner"?\s*[=:]`, tags.text)
	message := sprintf("%s has no tag owner.", [resource.address])
}

wanting := [resource |
	some resource in input.resources
	resource.mode == "managed"
	resource.type in tagged
	not owned_by_default
]

owned_by_default if {
	some provider in input.providers
	provider.name == "aws"
	provider.tagsOwner == true
}

# A map with plain keys; a longer text was cut, and a key in brackets is computed.
written_out(text) if {
	startswith(text, "{")
	endswith(text, "}")
	count(text) < 500
	not regex.match(`(?m)^\s*\(|\$\{`, text)
}
