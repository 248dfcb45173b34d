# METADATA
# title: Public bucket in the plan
# description: What the source computes shows in the plan, so a public bucket is refused there too.
# custom:
#   id: public-bucket-planned
#   phase: plan
#   severity: critical
#   remedy: Take the public ACL away and keep all four settings of aws_s3_bucket_public_access_block true.
package planwarden.rules.plan.public_bucket_planned

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some planned in terraform.standing({"aws_s3_bucket", "aws_s3_bucket_acl"})
	object.get(planned.after, "acl", "") in {"public-read", "public-read-write", "authenticated-read"}
	message := sprintf("%s has the ACL %s.", [planned.address, planned.after.acl])
}

findings contains lib.plain(rule, message) if {
	some planned in terraform.standing({"aws_s3_bucket_public_access_block"})
	some name in ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"]
	object.get(planned.after, name, false) != true
	not name in planned.unknown
	message := sprintf("%s leaves %s off.", [planned.address, name])
}
