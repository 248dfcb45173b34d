# METADATA
# title: Pod let out of its sandbox
# description: Beside what other rules name, the baseline Pod Security Standard refuses these; each takes away a wall between a container and its node.
# custom:
#   id: pod-security-loosened
#   phase: source
#   severity: high
#   remedy: Take the setting out, so that the runtime's default holds, and let the namespace enforce baseline or restricted.
package planwarden.rules.source.pod_security_loosened

import data.planwarden.kubernetes
import data.planwarden.lib

rule := rego.metadata.chain()[1].annotations.custom

findings contains lib.at(rule, holder.entry, array.concat(array.concat(holder.path, ["securityContext"]), path), message) if {
	some holder in holders
	some path in loosened
	loose(path, object.get(holder.spec, array.concat(["securityContext"], path), null))
	message := sprintf("%s sets %s to what the baseline standard refuses.", [
		kubernetes.label(holder.entry),
		concat(".", path),
	])
}

findings contains lib.at(rule, pod.entry, array.concat(pod.path, ["securityContext", "sysctls", index]), message) if {
	some pod in kubernetes.pods
	some index, sysctl in object.get(pod.spec, ["securityContext", "sysctls"], [])
	not object.get(sysctl, "name", "") in safe_sysctls
	message := sprintf("%s sets a sysctl that is not one of its namespace alone.", [kubernetes.label(pod.entry)])
}

# The older form of the AppArmor profile: an annotation for each container.
findings contains lib.at(rule, entry, array.concat(path, ["annotations", key]), message) if {
	some entry in input.objects
	walk(entry.object, [path, metadata])
	path[count(path) - 1] == "metadata"
	some key, value in object.get(metadata, "annotations", {})
	startswith(key, "container.apparmor.security.beta.kubernetes.io/")
	value == "unconfined"
	message := sprintf("%s runs a container without an AppArmor profile.", [kubernetes.label(entry)])
}

# What a namespace admits is decided by whoever operates it, not by what wants to be admitted.
findings contains lib.at(rule, entry, ["metadata", "labels", enforce], message) if {
	some entry in input.objects
	kubernetes.kind(entry) == "Namespace"
	object.get(entry.object, ["metadata", "labels", enforce], "") == "privileged"
	message := sprintf("%s admits privileged pods.", [kubernetes.label(entry)])
}

enforce := "pod-security.kubernetes.io/enforce"

# Pods and their containers both have a securityContext.
holders := array.concat(
	kubernetes.pods,
	[{"entry": item.entry, "path": item.path, "spec": item.container} | some item in kubernetes.containers],
)

loosened := [
	["procMount"], ["seccompProfile", "type"], ["appArmorProfile", "type"], ["windowsOptions", "hostProcess"],
	["seLinuxOptions", "type"], ["seLinuxOptions", "user"], ["seLinuxOptions", "role"],
]

loose(["procMount"], value) if not value in {null, "Default"}

loose([profile, "type"], "Unconfined") if profile in {"seccompProfile", "appArmorProfile"}

loose(["windowsOptions", "hostProcess"], value) if not value in {null, false}

loose(["seLinuxOptions", "type"], value) if not value in {
	null, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t",
}

loose(["seLinuxOptions", name], value) if {
	name in {"user", "role"}
	not value in {null, ""}
}

safe_sysctls := {
	"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
	"net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
	"net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
}
