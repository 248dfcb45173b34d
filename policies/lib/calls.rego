# What the tools of the outside MCP servers do. A tool that no list names counts as a write.
package planwarden.calls

# Tools that only read.
reads := {
	"configuration_view", "events_list", "helm_list", "namespaces_list", "nodes_log", "nodes_stats_summary",
	"nodes_top", "pods_get", "pods_list", "pods_list_in_namespace", "pods_log", "pods_top", "projects_list",
	"resources_get", "resources_list",
	"actions_get", "actions_list", "get_commit", "get_file_contents", "get_job_logs", "get_label",
	"get_latest_release", "get_me", "get_release_by_tag", "get_repository_tree", "get_tag", "issue_read",
	"list_branches", "list_commits", "list_issues", "list_pull_requests", "list_releases", "list_tags",
	"pull_request_read",
}

# What the author credentials may write before an approval: a branch of ours, its files, its draft pull request.
branch_writes := {
	"create_branch", "push_files", "create_or_update_file", "delete_file", "create_pull_request",
	"update_pull_request", "update_pull_request_branch", "add_issue_comment",
}

# What the author credentials may write for a review: a pending review, comments in it, and its submission. What it may
# say is a rule of its own.
review_writes := {"pull_request_review_write", "add_comment_to_pending_review"}

# The one step that reviews.
review_step := "publish-review"

# Never, not even with an approval: a merge without `sha`, code in a pod, a chart, a repository.
never := {
	"merge_pull_request", "pods_exec", "pods_run", "helm_install", "helm_uninstall",
	"create_repository", "fork_repository", "create_gist", "update_gist",
}

# Tools of the cluster that write.
cluster_writes := {"resources_create_or_update", "resources_delete", "resources_scale", "pods_delete"}

# Parsers disagree about text of several documents: some read the first, some all. Such text is not judged but refused.
one_document(sent) if {
	body := trim_prefix(sent, "---")
	not contains(body, "\n---")
	not contains(body, "\n...")
	not contains(body, "\r")
}

# Objects in the argument `resource`: text as sent, or already parsed.
resources := [value] if {
	value := object.get(input, ["arguments", "resource"], null)
	is_object(value)
}

resources := [value] if {
	sent := object.get(input, ["arguments", "resource"], null)
	is_string(sent)
	one_document(sent)
	yaml.is_valid(sent)
	value := yaml.unmarshal(sent)
	is_object(value)
}
