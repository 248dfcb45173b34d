# METADATA
# title: Missing limits or requests
# description: A container without a memory limit can starve its node; without requests it cannot be placed well.
# custom:
#   id: missing-limits
#   phase: source
#   severity: medium
#   remedy: Set resources.limits.memory, resources.requests.cpu and resources.requests.memory.
package planwarden.rules.source.missing_limits

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, item.entry, array.concat(item.path, ["resources"]), message) if {
	some item in kubernetes.containers

	# Kubernetes gives ephemeral containers no resources.
	item.list != "ephemeralContainers"
	some field in missing(item.container)
	message := sprintf("Container %s of %s sets no %s.", [
		kubernetes.container_name(item),
		kubernetes.label(item.entry),
		field,
	])
}

missing(container) := array.concat(
	[path | path := "limits.memory"; unset(container, "limits", "memory")],
	[path |
		some name in ["cpu", "memory"]

		# A request that is left out equals the limit.
		unset(container, "requests", name)
		unset(container, "limits", name)
		path := concat(".", ["requests", name])
	],
)

unset(container, list, name) if object.get(container, ["resources", list, name], null) == null
