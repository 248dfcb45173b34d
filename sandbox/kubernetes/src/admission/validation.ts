import { invalid, type StatusCause } from '../api/status-error.js';
import { at, isRecord, type Json, list, record, sameJson } from '../json.js';
import type { KubeObject } from '../objects.js';
import { podSpecOf } from '../pod-templates.js';
import type { Resource } from '../resources.js';
import { isPort, podSpecCauses, required, unsupported, workloadCauses, wrong } from './pod-validation.js';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_1123 = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
const QUALIFIED = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

const NOT_A_LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NOT_A_SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function nameCauses(object: KubeObject): StatusCause[] {
  const { name } = object.metadata;
  const short = object.kind === 'Namespace' || object.kind === 'Service';
  const rule = object.kind === 'Service' ? LABEL_1035 : object.kind === 'Namespace' ? LABEL_1123 : SUBDOMAIN;
  const lenient = object.kind.endsWith('Role') || object.kind.endsWith('RoleBinding');
  if (lenient ? !/[/%]/.test(name) : rule.test(name) && name.length <= (short ? 63 : 253)) return [];
  return [wrong('metadata.name', name, short ? NOT_A_LABEL : NOT_A_SUBDOMAIN)];
}

function labelCauses(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [key, value] of Object.entries(record(object.metadata.labels))) {
    if (!QUALIFIED.test(key))
      causes.push(wrong('metadata.labels', key, 'name part must consist of alphanumeric characters'));
    if (typeof value !== 'string' || value.length > 63 || !LABEL_VALUE.test(value))
      causes.push(
        wrong('metadata.labels', value, 'a valid label must be an empty string or consist of alphanumeric characters'),
      );
  }
  for (const [key, value] of Object.entries(record(object.metadata.annotations))) {
    if (!QUALIFIED.test(key))
      causes.push(wrong('metadata.annotations', key, 'name part must consist of alphanumeric characters'));
    if (typeof value !== 'string') causes.push(wrong(`metadata.annotations[${key}]`, value, 'must be a string'));
  }
  return causes;
}

function serviceCauses(spec: Json): StatusCause[] {
  const causes: StatusCause[] = [];
  const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
  if (spec.type !== undefined && !types.includes(String(spec.type)))
    causes.push(unsupported('spec.type', spec.type, types));
  if (list(spec.ports).length === 0 && spec.clusterIP !== 'None' && spec.type !== 'ExternalName')
    causes.push(required('spec.ports'));
  for (const [index, port] of list(spec.ports).entries()) {
    const where = `spec.ports[${index}]`;
    const { port: number, name, targetPort } = record(port);
    if (!isPort(number)) causes.push(wrong(`${where}.port`, number ?? 0, 'must be between 1 and 65535, inclusive'));
    if (typeof targetPort === 'number' && !isPort(targetPort))
      causes.push(wrong(`${where}.targetPort`, targetPort, 'must be between 1 and 65535, inclusive'));
    if (name === undefined && list(spec.ports).length > 1) causes.push(required(`${where}.name`));
  }
  return causes;
}

function policyCauses(spec: Json): StatusCause[] {
  const types = ['Egress', 'Ingress'];
  return list(spec.policyTypes)
    .map((type, index) => ({ type, index }))
    .filter(({ type }) => !types.includes(String(type)))
    .map(({ type, index }) => unsupported(`spec.policyTypes[${index}]`, type, types));
}

function applicationCauses(spec: Json): StatusCause[] {
  return ['destination', 'project'].filter((name) => spec[name] === undefined).map((name) => required(`spec.${name}`));
}

type Check = (spec: Json) => StatusCause[];
const BY_KIND: Readonly<Record<string, Check>> = {
  Deployment: workloadCauses,
  ReplicaSet: workloadCauses,
  StatefulSet: workloadCauses,
  DaemonSet: workloadCauses,
  Service: serviceCauses,
  NetworkPolicy: policyCauses,
  Application: applicationCauses,
};

function dataCauses(object: KubeObject): StatusCause[] {
  if (object.kind !== 'ConfigMap' && object.kind !== 'Secret') return [];
  return Object.entries(record(object.data))
    .filter(([, value]) => typeof value !== 'string')
    .map(([key, value]) => wrong(`data[${key}]`, value, 'must be a string'));
}

function immutableCauses(live: KubeObject | undefined, next: KubeObject): StatusCause[] {
  if (live === undefined) return [];
  const paths: Readonly<Record<string, readonly string[][]>> = {
    Deployment: [['spec', 'selector']],
    ReplicaSet: [['spec', 'selector']],
    DaemonSet: [['spec', 'selector']],
    Service: [['spec', 'clusterIP']],
    RoleBinding: [['roleRef']],
    ClusterRoleBinding: [['roleRef']],
  };
  return (paths[next.kind] ?? [])
    .filter((path) => at(live, ...path) !== undefined && !sameJson(at(live, ...path), at(next, ...path)))
    .map((path) => wrong(path.join('.'), at(next, ...path) ?? null, 'field is immutable'));
}

/** @throws StatusError 422 with one cause for each problem */
export function validate(resource: Resource, live: KubeObject | undefined, next: KubeObject): void {
  const causes = [...nameCauses(next), ...labelCauses(next), ...dataCauses(next), ...immutableCauses(live, next)];
  const check = BY_KIND[next.kind];
  if (check !== undefined) causes.push(...(isRecord(next.spec) ? check(next.spec) : [required('spec')]));
  const pod = podSpecOf(next);
  if (pod !== undefined) causes.push(...podSpecCauses(pod.spec, pod.path));
  if (causes.length > 0) throw invalid(resource, next.metadata.name, causes);
}
