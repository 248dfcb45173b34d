# METADATA
# title: Secret in a file of the change
# description: Whatever is committed can be read by everybody who can read the repository, for ever.
# custom:
#   id: secret-in-manifest
#   phase: source
#   severity: critical
#   remedy: Refer to a Secret that is made outside the repository (secretKeyRef, External Secrets), and rotate this one.
package planwarden.rules.source.secret_in_manifest

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.in_file(rule, message, object.get(secret, "where", null), object.get(secret, "line", null)) if {
	some secret in input.secrets
	message := sprintf("A secret (%s) stands in the file.", [object.get(secret, "rule", "?")])
}

findings contains lib.at(rule, entry, [field], message) if {
	some entry in input.objects
	kubernetes.kind(entry) == "Secret"
	some field in ["data", "stringData"]
	count(object.get(entry.object, field, {})) > 0
	message := sprintf("%s carries its payload in the file.", [kubernetes.label(entry)])
}
