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
