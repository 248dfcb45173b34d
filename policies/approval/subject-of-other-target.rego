# METADATA
# title: Subject of another target
# description: A vote on one target is no vote on another.
# custom:
#   id: subject-of-other-target
#   phase: approval
#   severity: critical
#   remedy: Start a new round; report this as a fault if it returns.
package planwarden.rules.approval.subject_of_other_target

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	input.subject.target.name != input.target.name
	message := "The subject names another target."
}
