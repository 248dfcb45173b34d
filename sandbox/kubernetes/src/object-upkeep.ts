import { at, clone, isRecord, type Json, record, sameJson } from './json.js';
import type { KubeObject } from './objects.js';
import type { Resource } from './resources.js';

/** Fields of metadata that a writer cannot change. */
export function keepIdentity(next: KubeObject, live: KubeObject): void {
  const { name, namespace, uid, creationTimestamp, deletionTimestamp, generation } = live.metadata;
  const kept = { name, namespace, uid, creationTimestamp, deletionTimestamp, generation };
  const fields: Json = next.metadata as unknown as Json;
  for (const [field, value] of Object.entries(kept)) {
    if (value === undefined) delete fields[field];
    else fields[field] = value;
  }
}

/** A write to the object leaves status alone, a write to /status everything else (where the kind has the subresource). */
export function separateStatus(
  resource: Resource,
  next: KubeObject,
  live: KubeObject,
  subresource: string | undefined,
): void {
  if (!resource.statusSubresource) return;
  const { status } = next;
  if (subresource === 'status') {
    const { managedFields } = next.metadata;
    for (const field of Object.keys(next)) delete next[field];
    Object.assign(next, clone(live));
    if (managedFields !== undefined) next.metadata.managedFields = managedFields;
    if (status !== undefined) next.status = status;
    return;
  }
  if (live.status === undefined) delete next.status;
  else next.status = clone(live.status);
}

/** What metadata.generation counts: everything but metadata and a status that has its own subresource. */
export function desiredOf(resource: Resource, object: KubeObject): Json {
  const { metadata: _metadata, status, ...desired } = object;
  return resource.statusSubresource ? desired : { ...desired, status };
}

const withoutTimes = (object: KubeObject): KubeObject => {
  const copy = clone(object);
  for (const entry of copy.metadata.managedFields ?? []) entry.time = '';
  return copy;
};
export const sameApartFromTimes = (left: KubeObject, right: KubeObject): boolean =>
  sameJson(withoutTimes(left), withoutTimes(right));

let addresses = 10;
/** A cluster address for a new Service. Given only when it is kept: a dry run reserves nothing. */
export function giveAddress(service: KubeObject): void {
  if (!isRecord(service.spec)) return;
  const { spec } = service;
  if (spec.type === 'ExternalName') return;
  addresses += 1;
  spec.clusterIP ??= `10.96.${Math.floor(addresses / 250) % 256}.${(addresses % 250) + 1}`;
  spec.clusterIPs ??= [spec.clusterIP];
}

/** An update that does not name the address keeps it. */
export function keepAddress(next: KubeObject, live: KubeObject): void {
  if (next.kind !== 'Service' || !isRecord(next.spec)) return;
  for (const field of ['clusterIP', 'clusterIPs']) {
    const value = at(live, 'spec', field);
    if (value !== undefined) next.spec[field] ??= value;
  }
}

/** Labels of an object as a plain map. */
export const labelsOf = (value: unknown): Record<string, string> =>
  Object.fromEntries(Object.entries(record(value)).map(([key, inner]) => [key, String(inner)]));
