# METADATA
# title: Call outside the repository and branch
# description: The author credentials act in the repository of the target, on branches that start with planwarden/.
# custom:
#   id: call-outside-repository
#   phase: call
#   severity: critical
#   remedy: 'Report this as a fault: the run belongs to another repository or branch.'
package planwarden.rules.call.call_outside_repository

import data.planwarden.calls
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some [name, wanted] in [["owner", input.target.repository.owner], ["repo", input.target.repository.name]]
	object.get(input.arguments, name, wanted_or_absent(wanted)) != wanted
	message := sprintf("Tool %s is called with another %s than the repository of the target.", [input.tool, name])
}

findings contains lib.plain(rule, message) if {
	some [tool, name] in [
		["create_branch", "branch"], ["push_files", "branch"], ["create_or_update_file", "branch"],
		["delete_file", "branch"], ["create_pull_request", "head"],
	]
	input.tool == tool
	not ours(object.get(input.arguments, name, ""))
	message := sprintf("Tool %s is called for a branch that is not ours.", [input.tool])
}

findings contains lib.plain(rule, message) if {
	input.tool in {"create_pull_request", "update_pull_request"}
	object.get(input.arguments, "base", absent_base) != input.target.baseBranch
	message := sprintf("Tool %s is called for another base branch.", [input.tool])
}

# Tools that act on a repository must name it; the tools of the cluster have none to name.
wanted_or_absent(_) := null if input.tool in repository_writes

wanted_or_absent(wanted) := wanted if not input.tool in repository_writes

repository_writes := calls.branch_writes | calls.review_writes

# An update that leaves the base out leaves it as it is; a new pull request must name it.
absent_base := input.target.baseBranch if input.tool == "update_pull_request"

absent_base := null if input.tool != "update_pull_request"

ours(branch) if {
	is_string(branch)
	startswith(branch, "planwarden/")
}
