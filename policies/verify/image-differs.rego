# METADATA
# title: Another image runs
# description: What runs must be what was approved, container by container.
# custom:
#   id: image-differs
#   phase: verify
#   severity: critical
#   remedy: Look who changed the workload, and start a new change for what should run.
package planwarden.rules.verify.image_differs

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some place, image in input.plan.images
	object.get(input.observed.images, [place], null) != image
	message := sprintf("At %s another image runs than the approved one, or none.", [place])
}
