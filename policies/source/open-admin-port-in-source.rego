# METADATA
# title: Administration port opened to everybody in the source
# description: Ports for administration that anybody may reach are tried at once. What the source computes is judged in the plan.
# custom:
#   id: open-admin-port-in-source
#   phase: source
#   severity: critical
#   remedy: Name the networks that may reach the port, or use a session manager instead of an open port.
package planwarden.rules.source.open_admin_port_in_source

import data.planwarden.lib
import data.planwarden.terraform

rule := rego.metadata.chain()[1].annotations.custom

# Where the settings of an opening stand, by type of resource.
places := {
	"aws_default_security_group": "ingress.",
	"aws_security_group": "ingress.",
	"aws_security_group_rule": "",
	"aws_vpc_security_group_ingress_rule": "",
}

findings contains lib.in_file(rule, message, resource.file, open.line) if {
	some resource in input.resources
	prefix := places[resource.type]
	some open in resource.settings
	open.path in [concat("", [prefix, name]) | some name in ["cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"]]
	terraform.mentions_anywhere(open.text)
	not outgoing(resource)
	some port in terraform.admin_ports
	covers(beside(resource, open), prefix, port)
	message := sprintf("%s opens port %d to everybody.", [resource.address, port])
}

outgoing(resource) if {
	resource.type == "aws_security_group_rule"
	some setting in terraform.settings(resource, "type")
	setting.value == "egress"
}

# Settings of the same block.
beside(resource, open) := [setting |
	some setting in resource.settings
	object.get(setting, "block", 0) == object.get(open, "block", 0)
]

# Every protocol means every port.
covers(settings, prefix, _) if {
	some setting in settings
	setting.path in [concat("", [prefix, name]) | some name in ["protocol", "ip_protocol"]]
	setting.value in {"-1", -1, "all"}
}

covers(settings, prefix, port) if {
	numbered(settings, concat("", [prefix, "from_port"])) <= port
	numbered(settings, concat("", [prefix, "to_port"])) >= port
}

numbered(settings, path) := value if {
	some setting in settings
	setting.path == path
	is_number(setting.value)
	value := setting.value
}
