# METADATA
# title: File outside the target
# description: A change may touch files below the path of its target only, and never workflows, owners or our own files.
# custom:
#   id: path-outside-target
#   phase: source
#   severity: critical
#   remedy: Put the file below the path of the target.
package planwarden.rules.source.path_outside_target

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.in_file(rule, message, path, null) if {
	some path in input.paths
	not lib.path_inside(path, input.target.path)
	message := "The file lies outside the path of the target."
}

findings contains lib.in_file(rule, message, path, null) if {
	some path in input.paths
	some segment in split(path, "/")
	lower(segment) in {".github", ".planwarden", ".git", "codeowners"}
	message := "The file decides about the repository itself."
}
