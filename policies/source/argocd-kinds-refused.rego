# METADATA
# title: Argo kind other than Application
# description: An ApplicationSet makes Applications and an AppProject widens what they may do; neither can be held to a target.
# custom:
#   id: argocd-kinds-refused
#   phase: source
#   severity: critical
#   remedy: Use a plain Application of the target.
package planwarden.rules.source.argocd_kinds_refused

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["kind"], message) if {
	some entry in input.objects
	kubernetes.argoproj(entry)
	kubernetes.kind(entry) != "Application"
	message := sprintf("%s is refused.", [kubernetes.label(entry)])
}
