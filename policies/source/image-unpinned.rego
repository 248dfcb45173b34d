# METADATA
# title: Image without tag or digest
# description: Without a tag or digest nobody can say what will run, and what was approved may not be what starts.
# custom:
#   id: image-unpinned
#   phase: source
#   severity: medium
#   remedy: 'Name a version tag, better a digest (@sha256:...), and never latest.'
package planwarden.rules.source.image_unpinned

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, item.entry, array.concat(item.path, ["image"]), message) if {
	some item in kubernetes.containers
	not pinned(object.get(item.container, "image", ""))
	message := sprintf("The image of container %s of %s has no version.", [
		kubernetes.container_name(item),
		kubernetes.label(item.entry),
	])
}

pinned(image) if contains(image, "@sha256:")

pinned(image) if {
	not contains(image, "@")
	segments := split(image, "/")
	parts := split(segments[count(segments) - 1], ":")
	count(parts) == 2
	not parts[1] in {"", "latest"}
}
