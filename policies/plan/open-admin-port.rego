# METADATA
# title: Administration port open to everybody
# description: Ports for administration that anybody may reach are tried at once.
# custom:
#   id: open-admin-port
#   phase: plan
#   severity: critical
#   remedy: Name the networks that may reach the port, or use a session manager instead of an open port.
package planwarden.rules.plan.open_admin_port

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.plain(rule, message) if {
	some [address, opening] in openings
	some port in terraform.admin_ports
	covers(opening, port)
	message := sprintf("%s opens port %d to everybody.", [address, port])
}

openings contains [planned.address, opening] if {
	some planned in terraform.standing({"aws_security_group", "aws_default_security_group"})
	some opening in object.get(planned.after, "ingress", [])
	some cidr in array.concat(listed(opening, "cidr_blocks"), listed(opening, "ipv6_cidr_blocks"))
	cidr in terraform.anywhere
}

openings contains [planned.address, planned.after] if {
	some planned in terraform.standing({"aws_security_group_rule"})
	object.get(planned.after, "type", "") == "ingress"
	some cidr in array.concat(listed(planned.after, "cidr_blocks"), listed(planned.after, "ipv6_cidr_blocks"))
	cidr in terraform.anywhere
}

openings contains [planned.address, planned.after] if {
	some planned in terraform.standing({"aws_vpc_security_group_ingress_rule"})
	some name in ["cidr_ipv4", "cidr_ipv6"]
	object.get(planned.after, name, "") in terraform.anywhere
}

listed(rule_like, name) := value if {
	value := object.get(rule_like, name, [])
	is_array(value)
} else := []

# Every protocol means every port.
covers(opening, _) if opening.protocol == "-1"

covers(opening, _) if opening.ip_protocol == "-1"

covers(opening, port) if {
	opening.from_port <= port
	opening.to_port >= port
}
