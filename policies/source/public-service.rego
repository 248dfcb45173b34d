# METADATA
# title: Service open to the outside
# description: A LoadBalancer, NodePort or external IP opens a way into the cluster that no review of routes sees.
# custom:
#   id: public-service
#   phase: source
#   severity: high
#   remedy: Use type ClusterIP and let the ingress or gateway of the environment route to it.
package planwarden.rules.source.public_service

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, entry, ["spec", "type"], message) if {
	some entry in services
	not object.get(entry.object, ["spec", "type"], "ClusterIP") == "ClusterIP"
	message := sprintf("%s is not of type ClusterIP.", [kubernetes.label(entry)])
}

findings contains lib.at(rule, entry, ["spec", "externalIPs"], message) if {
	some entry in services
	count(object.get(entry.object, ["spec", "externalIPs"], [])) > 0
	message := sprintf("%s takes external addresses.", [kubernetes.label(entry)])
}

services := [entry | some entry in input.objects; kubernetes.kind(entry) == "Service"]
