# METADATA
# title: Hook or sync annotation
# description: Hooks run outside the plan, and sync options can replace or force an object that others own.
# custom:
#   id: argocd-hooks-refused
#   phase: source
#   severity: high
#   remedy: Remove the annotation; argocd.argoproj.io/sync-wave is the one that is fine.
package planwarden.rules.source.argocd_hooks_refused

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["metadata", "annotations", key], message) if {
	some entry in input.objects
	some key, value in kubernetes.annotations(entry)
	refused(key, value)
	message := sprintf("%s carries the annotation %s.", [kubernetes.label(entry), key])
}

refused(key, _) if {
	startswith(key, "argocd.argoproj.io/")
	not key in {"argocd.argoproj.io/sync-wave", "argocd.argoproj.io/sync-options"}
}

refused(key, _) if startswith(key, "helm.sh/")

refused(key, value) if {
	key == "argocd.argoproj.io/sync-options"
	some option in split(value, ",")
	not trim_space(option) in kubernetes.harmless_sync_options
}
