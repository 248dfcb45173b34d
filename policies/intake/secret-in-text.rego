# METADATA
# title: Secret in the text of a request
# description: A secret in a request would end in the repository, the journal and the pull request.
# custom:
#   id: secret-in-text
#   phase: intake
#   severity: critical
#   remedy: 'Take the secret out, replace it by a reference to a Secret, and rotate it: it was sent in the clear.'
package planwarden.rules.intake.secret_in_text

import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.in_file(rule, message, null, object.get(secret, "line", null)) if {
	some secret in input.secrets
	message := sprintf("A secret (%s) stands in %s.", [object.get(secret, "rule", "?"), object.get(secret, "where", "?")])
}
