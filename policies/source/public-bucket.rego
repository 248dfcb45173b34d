# METADATA
# title: Public bucket
# description: A bucket that anybody can read or write leaks what it holds.
# custom:
#   id: public-bucket
#   phase: source
#   severity: critical
#   remedy: Take the public ACL away and keep all four settings of aws_s3_bucket_public_access_block true.
package planwarden.rules.source.public_bucket

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

public_acls := {"public-read", "public-read-write", "authenticated-read"}

findings contains lib.in_file(rule, message, resource.file, setting.line) if {
	some resource in input.resources
	resource.type in {"aws_s3_bucket", "aws_s3_bucket_acl"}
	some setting in terraform.settings(resource, "acl")
	setting.value in public_acls
	message := sprintf("%s has the ACL %s.", [resource.address, setting.value])
}

findings contains lib.in_file(rule, message, resource.file, setting.line) if {
	some resource in input.resources
	resource.type == "aws_s3_bucket_public_access_block"
	some path in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	some setting in terraform.settings(resource, path)
	setting.value == false
	message := sprintf("%s turns %s off.", [resource.address, path])
}
