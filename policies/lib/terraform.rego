# Shared by the rules about Terraform: settings of the source, values of the plan.
package planwarden.terraform

# Settings of a resource of the source at a path.
settings(resource, path) := [setting |
	some setting in object.get(resource, "settings", [])
	setting.path == path
]

# Resources the plan leaves standing or makes, of one of some types.
standing(types) := [planned |
	some planned in object.get(input, ["plan", "resources"], [])
	object.get(planned, "type", "") in types
	object.get(planned, "mode", "managed") == "managed"
	not object.get(planned, "action", "") in {"delete", "forget"}
	is_object(object.get(planned, "after", null))
]

# Everywhere, in either family of addresses.
anywhere := {"0.0.0.0/0", "::/0"}

# Whether the text of an expression names everybody's addresses.
mentions_anywhere(text) if regex.match(`"(0\.0\.0\.0/0|::/0)"`, text)

# Ports by which machines are administered: SSH, RDP, WinRM.
admin_ports := {22, 3389, 5985, 5986}

# Storage that is encrypted only where it says so, and the argument that says it.
encryption := {
	"aws_db_instance": "storage_encrypted",
	"aws_ebs_volume": "encrypted",
	"aws_efs_file_system": "encrypted",
	"aws_rds_cluster": "storage_encrypted",
}

# One exact version, also where it is written as `= 1.2.3`.
exact(version) if {
	is_string(version)
	regex.match(`^\s*=?\s*v?\d+\.\d+\.\d+([-+][0-9A-Za-z.-]+)?\s*$`, version)
}

# A module of the same repository is part of the change; one of git names a commit; one of a registry an exact version.
module_fixed(module) if {
	is_string(module.source)
	regex.match(`^\.\.?/`, module.source)
}

module_fixed(module) if {
	is_string(module.source)
	regex.match(`[?&]ref=[0-9a-f]{40}$`, module.source)
}

module_fixed(module) if {
	is_string(module.source)
	not contains(module.source, "::")
	exact(object.get(module, "version", null))
}
