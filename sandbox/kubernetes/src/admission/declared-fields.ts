import { notDeclared } from '../api/status-error.js';
import { isRecord, type Json } from '../json.js';
import type { KubeObject } from '../objects.js';
import { containersOf, podSpecOf } from '../pod-templates.js';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const TOP = words('apiVersion kind metadata spec status');
const SPECS: Readonly<Record<string, ReadonlySet<string>>> = {
  Deployment: words(
    'minReadySeconds paused progressDeadlineSeconds replicas revisionHistoryLimit selector strategy template',
  ),
  Service: words(
    'allocateLoadBalancerNodePorts clusterIP clusterIPs externalIPs externalName externalTrafficPolicy healthCheckNodePort internalTrafficPolicy ipFamilies ipFamilyPolicy loadBalancerClass loadBalancerIP loadBalancerSourceRanges ports publishNotReadyAddresses selector sessionAffinity sessionAffinityConfig trafficDistribution type',
  ),
  NetworkPolicy: words('egress ingress podSelector policyTypes'),
  Namespace: words('finalizers'),
};
const POD = words(
  'activeDeadlineSeconds affinity automountServiceAccountToken containers dnsConfig dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources restartPolicy runtimeClassName schedulerName schedulingGates securityContext serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes',
);
const CONTAINER = words(
  'args command env envFrom image imagePullPolicy lifecycle livenessProbe name ports readinessProbe resizePolicy resources restartPolicy restartPolicyRules securityContext startupProbe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir',
);

/** Numbers and maps that changes write, by their path. */
const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['minReadySeconds', 'progressDeadlineSeconds', 'replicas', 'revisionHistoryLimit'],
};
const MAPS: Readonly<Record<string, readonly string[]>> = { ConfigMap: ['data', 'binaryData'], Secret: ['data'] };

/** What is of another type than the schema says, in the words of server-side apply. */
function wrongTypes(object: KubeObject): string[] {
  const spec = isRecord(object.spec) ? object.spec : {};
  const numbers = (NUMBERS[object.kind] ?? [])
    .filter((name) => spec[name] !== undefined && spec[name] !== null && typeof spec[name] !== 'number')
    .map((name) => `.spec.${name}: expected numeric (int or float), got ${goKind(spec[name])}`);
  const maps = (MAPS[object.kind] ?? [])
    .filter((name) => object[name] !== undefined && object[name] !== null && !isRecord(object[name]))
    .map((name) => `.${name}: expected map, got &{${goText(object[name])}}`);
  return [...numbers, ...maps];
}
const goKind = (value: unknown): string => (typeof value === 'boolean' ? 'bool' : typeof value);
const goText = (value: unknown): string => (Array.isArray(value) ? `[${value.map(goText).join(' ')}]` : String(value));

const unknownIn = (object: Json, known: ReadonlySet<string>, path: string): string[] =>
  Object.keys(object)
    .filter((name) => !known.has(name))
    .map((name) => `${path}.${name}`);

/**
 * Server-side apply refuses a field the schema does not declare, or of another type. The sandbox knows the schema of the kinds a web
 * application uses, down to the container.
 * @throws StatusError 500, as the real server answers it
 */
export function refuseUndeclaredFields(object: KubeObject): void {
  const known = SPECS[object.kind];
  const found = known === undefined ? [] : unknownIn(object, TOP, '');
  if (known !== undefined && isRecord(object.spec)) found.push(...unknownIn(object.spec, known, '.spec'));
  const pod = podSpecOf(object);
  if (pod?.spec !== undefined) {
    found.push(...unknownIn(pod.spec, POD, `.${pod.path.join('.')}`));
    for (const { container, field } of containersOf(pod.spec, pod.path))
      found.push(...unknownIn(container, CONTAINER, `.${field}`));
  }
  const { namespace, name } = object.metadata;
  const which = `${namespace === undefined ? '' : `${namespace}/`}${name}; ${object.apiVersion.includes('/') ? '' : '/'}${object.apiVersion}, Kind=${object.kind}`;
  const wrong = [...found.map((field) => `${field}: field not declared in schema`), ...wrongTypes(object)];
  if (wrong.length > 0) throw notDeclared(`failed to create typed patch object (${which}): ${wrong.join(', ')}`);
}
