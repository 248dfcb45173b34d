# METADATA
# title: Argo CD Application beyond its target
# description: An Application that names another source or destination would deliver what nobody approved.
# custom:
#   id: argocd-application
#   phase: source
#   severity: critical
#   remedy: Name only the repository, base branch, path, project, server and namespaces of the target, and plain manifests.
package planwarden.rules.source.argocd_application

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, path, message) if {
	some entry in kubernetes.applications
	some [path, what] in problems(entry.object)
	message := sprintf("Application %s: %s.", [kubernetes.name(entry), what])
}

problems(application) := array.concat(foreign(application), unknown(application))

# Values that must be those of the target.
foreign(application) := [[path, what] |
	some [path, wanted, what] in [
		[["spec", "source", "repoURL"], input.target.argocd.repoUrl, "the repository is not the one of the target"],
		[["spec", "source", "targetRevision"], input.target.baseBranch, "the revision is not the base branch of the target"],
		[["spec", "project"], input.target.argocd.project, "the project is not the one of the target"],
		[["spec", "destination", "server"], input.target.argocd.destination.server, "the server is not the one of the target"],
	]
	object.get(application, path, null) != wanted
]

# Fields beyond what a plain Application needs, and values a list of the target decides.
unknown(application) := array.concat(fields(application), values(application))

fields(application) := [[array.concat(path, [key]), what] |
	some [path, known] in [
		[[], {"apiVersion", "kind", "metadata", "spec"}],
		[["spec"], {"project", "source", "destination", "syncPolicy", "info", "revisionHistoryLimit"}],
		[["spec", "source"], {"repoURL", "targetRevision", "path", "directory"}],
		[["spec", "source", "directory"], {"recurse", "include", "exclude"}],
		[["spec", "destination"], {"server", "namespace"}],
		[["spec", "syncPolicy"], {"automated", "syncOptions", "retry"}],
	]
	some key, _ in part(application, path)
	not key in known
	what := sprintf("the field %s is refused", [key])
]

part(application, path) := application if path == []

part(application, path) := object.get(application, path, {}) if path != []

values(application) := array.concat(
	[[path, "the path is not inside the path of the target"] |
		path := ["spec", "source", "path"]
		not lib.path_inside(object.get(application, path, null), input.target.path)
	],
	array.concat(
		[[path, "the namespace is not one of the target"] |
			path := ["spec", "destination", "namespace"]
			not lib.namespace_allowed(object.get(application, path, null))
		],
		array.concat(
			[[path, "a sync option is refused"] |
				some index, option in object.get(application, ["spec", "syncPolicy", "syncOptions"], [])
				not option in kubernetes.harmless_sync_options
				path := ["spec", "syncPolicy", "syncOptions", index]
			],
			[[path, "the root application of the target may not be changed"] |
				path := ["metadata", "name"]
				object.get(application, path, null) == input.target.argocd.rootApplication
			],
		),
	),
)
