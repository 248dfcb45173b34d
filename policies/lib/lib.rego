# Shared by all phases: how a finding is made, and which inputs are complete.
# Every look-up has a default: a rule that meets something absent must deny or judge, never turn undefined.
package planwarden.lib

# A finding without a place in a file.
plain(rule, message) := found(rule, message, null, null, null)

# A finding in a file, when only the file and the line are known.
in_file(rule, message, file, line) := found(rule, message, file, line, null)

# A finding about an object of a plan: the reference without the plan's own fields.
about(rule, message, planned) := found(rule, message, null, null, {
	"group": object.get(planned, "group", ""),
	"version": object.get(planned, "version", ""),
	"kind": object.get(planned, "kind", ""),
	"namespace": object.get(planned, "namespace", null),
	"name": object.get(planned, "name", ""),
})

# A finding at a path inside a parsed object.
at(rule, entry, path, message) := found(
	rule, message,
	object.get(entry, "file", null),
	line_of(entry, path),
	object.get(entry, "ref", null),
)

found(rule, message, file, line, object_ref) := {
	"rule": rule.id,
	"severity": rule.severity,
	"message": message,
	"remedy": rule.remedy,
	"file": file,
	"line": line,
	"object": object_ref,
}

# The line of a path, or of its nearest parent that has one.
line_of(entry, path) := known[count(known) - 1] if {
	known := [line |
		some n in numbers.range(0, count(path))
		line := object.get(entry, ["lines", pointer(array.slice(path, 0, n))], null)
		line != null
	]
	count(known) > 0
} else := object.get(entry, "line", null)

# JSON pointer (RFC 6901) of a path.
pointer(path) := concat("", [part | some step in path; part := concat("", ["/", escaped(step)])])

escaped(step) := replace(replace(step, "~", "~0"), "/", "~1") if is_string(step)

escaped(step) := sprintf("%d", [step]) if is_number(step)

# A namespace of the target; `*` at the end of an entry matches any suffix.
namespace_allowed(namespace) if {
	is_string(namespace)
	some entry in input.target.argocd.namespaces
	namespace_matches(entry, namespace)
}

namespace_matches(entry, namespace) if entry == namespace

namespace_matches(entry, namespace) if {
	endswith(entry, "*")
	startswith(namespace, trim_suffix(entry, "*"))
}

# A path inside a folder, without any way out of it.
path_inside(path, folder) if {
	is_string(path)
	not has_way_out(path)
	below(path, folder)
}

below(_, folder) if folder == ""

below(path, folder) if path == folder

below(path, folder) if startswith(path, concat("", [folder, "/"]))

has_way_out(path) if startswith(path, "/")

has_way_out(path) if contains(path, "\\")

has_way_out(path) if {
	some segment in split(path, "/")
	segment in {"..", ".", ""}
}

incomplete_rule := {
	"id": "input-incomplete",
	"severity": "critical",
	"remedy": "Report this as a fault of Planwarden: policy was asked without all it must know.",
}

# One finding for each root of the input that is missing or of another type.
incomplete(required) := {finding |
	some path, type in required
	type_name(object.get(input, split(path, "."), null)) != type
	finding := plain(incomplete_rule, sprintf("The input of policy lacks %s.", [path]))
}
