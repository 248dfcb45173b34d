import { at, type Json, list, record } from '../json.js';
import { containersOf } from '../pod-templates.js';

const BASELINE_CAPABILITIES = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]);
const RESTRICTED_VOLUMES = new Set(
  'configMap csi downwardAPI emptyDir ephemeral persistentVolumeClaim projected secret'.split(' '),
);

function baseline(spec: Json): string[] {
  const found: string[] = [];
  const containers = containersOf(spec, ['spec']).map(({ container }) => container);
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC'])
    if (spec[name] === true) found.push(`host namespaces (${name}=true)`);
  if (list(spec.volumes).some((volume) => at(volume, 'hostPath') !== undefined)) found.push('hostPath volumes');
  for (const container of containers) {
    const { name } = container;
    if (at(container, 'securityContext', 'privileged') === true)
      found.push(`privileged (container "${String(name)}" must not set securityContext.privileged=true)`);
    if (list(container.ports).some((port) => Number(record(port).hostPort ?? 0) > 0))
      found.push(`hostPort (container "${String(name)}")`);
    const added = list(at(container, 'securityContext', 'capabilities', 'add')).map(String);
    if (added.some((one) => !BASELINE_CAPABILITIES.has(one)))
      found.push(`non-default capabilities (container "${String(name)}")`);
  }
  return found;
}

function restricted(spec: Json): string[] {
  const found = baseline(spec);
  for (const { container } of containersOf(spec, ['spec'])) {
    const name = String(container.name);
    const own = (field: string): unknown =>
      at(container, 'securityContext', field) ?? at(spec, 'securityContext', field);
    if (at(container, 'securityContext', 'allowPrivilegeEscalation') !== false)
      found.push(
        `allowPrivilegeEscalation != false (container "${name}" must set securityContext.allowPrivilegeEscalation=false)`,
      );
    if (!list(at(container, 'securityContext', 'capabilities', 'drop')).includes('ALL'))
      found.push(`unrestricted capabilities (container "${name}" must set securityContext.capabilities.drop=["ALL"])`);
    if (own('runAsNonRoot') !== true)
      found.push(`runAsNonRoot != true (pod or container "${name}" must set securityContext.runAsNonRoot=true)`);
    if (own('runAsUser') === 0) found.push(`runAsUser=0 (pod or container "${name}" must not set runAsUser=0)`);
    if (!['RuntimeDefault', 'Localhost'].includes(String(at(own('seccompProfile'), 'type'))))
      found.push(
        `seccompProfile (pod or container "${name}" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")`,
      );
  }
  const volumes = list(spec.volumes).flatMap((volume) => Object.keys(record(volume)).filter((key) => key !== 'name'));
  if (volumes.some((kind) => !RESTRICTED_VOLUMES.has(kind))) found.push('restricted volume types');
  return found;
}

/** Why a pod may not be created in a namespace with these labels (Pod Security Standards), or undefined. */
export function podSecurityRefusal(namespaceLabels: Readonly<Record<string, string>>, spec: Json): string | undefined {
  const level = namespaceLabels['pod-security.kubernetes.io/enforce'];
  const found = level === 'restricted' ? restricted(spec) : level === 'baseline' ? baseline(spec) : [];
  return found.length === 0 ? undefined : `violates PodSecurity "${level}:latest": ${found.join(', ')}`;
}
