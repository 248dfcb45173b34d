import {
  digestOf,
  inParallel,
  isPlanwardenError,
  type ManifestPlan,
  type ObjectRef,
  type ParsedObject,
  type PlannedObject,
  PlanwardenError,
  type Target,
} from '@planwarden/contracts';
import { fieldChanges } from './field-changes.js';
import { maskedChanges } from './masked-changes.js';
import { objectKey } from './parse-manifests.js';

type Json = Record<string, unknown>;
const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const records = (value: unknown): Json[] => (Array.isArray(value) ? value.map(record) : []);

/** What a plan reads of the cluster. */
export interface LiveReader {
  /** The live object, or null. */
  get(ref: ObjectRef): Promise<Readonly<Json> | null>;
  /**
   * What would stand after a server-side apply.
   * @throws PlanwardenError RESOURCE_UNKNOWN when the object's namespace is not there yet
   */
  dryRunApply(object: Readonly<Json>): Promise<Readonly<Json>>;
  /** A copy without what only the cluster keeps: status, managedFields, resourceVersion, generation. */
  normalise(object: Readonly<Json>): Json;
}

export interface PlanInput {
  readonly cluster: string;
  readonly target: Target;
  /** The objects of the changed files at the base commit, and at the head. */
  readonly base: readonly ParsedObject[];
  readonly head: readonly ParsedObject[];
  readonly live: LiveReader;
}

/** Workloads whose roll-out and pods verify cannot see yet; planning them would promise too much. */
const NOT_VERIFIED = new Set([
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'ReplicaSet',
  'ReplicationController',
  'Pod',
]);

/** Objects read and tried at a time: a dry run changes nothing, so none waits for another. */
const AT_A_TIME = 5;

/**
 * Object by object what a change does to the cluster (spec 003, "What a plan is").
 * @throws PlanwardenError NOT_SUPPORTED, MANIFEST_INVALID with file and line; what the reader throws
 */
export async function planManifests({ cluster, base, head, live }: PlanInput): Promise<ManifestPlan> {
  const objects: PlannedObject[] = [];
  const images: Record<string, string> = {};
  const tried = await inParallel(AT_A_TIME, head, async (parsed) => ({
    ref: parsed.ref,
    ...(await planOne(cluster, parsed, live)),
  }));
  for (const { ref, planned, desired } of tried) {
    objects.push(planned);
    Object.assign(images, imagesOf(ref, desired));
  }
  const kept = new Set(head.map((parsed) => objectKey(parsed.ref)));
  for (const parsed of base) {
    if (!kept.has(objectKey(parsed.ref))) objects.push(await planDeletion(cluster, parsed.ref, live));
  }
  objects.sort((a, b) => (objectKey(a) < objectKey(b) ? -1 : 1));
  const count = (action: PlannedObject['action']): number => objects.filter((one) => one.action === action).length;
  const plan = {
    kind: 'manifest-plan/1' as const,
    objects,
    images: Object.fromEntries(Object.entries(images).sort(([a], [b]) => (a < b ? -1 : 1))),
    summary: { create: count('create'), update: count('update'), delete: count('delete'), noop: count('no-op') },
  };
  return { ...plan, digest: planDigest(plan) };
}

/** Digest of a plan: without itself and without every `liveResourceVersion`, which moves with each status write. */
export function planDigest(plan: Omit<ManifestPlan, 'digest'>): string {
  const objects = plan.objects.map(({ liveResourceVersion: _, ...object }) => object);
  return digestOf({ kind: plan.kind, images: plan.images, summary: plan.summary, objects });
}

async function planOne(
  cluster: string,
  parsed: ParsedObject,
  reader: LiveReader,
): Promise<{ readonly planned: PlannedObject; readonly desired: Json }> {
  const { ref } = parsed;
  if (NOT_VERIFIED.has(ref.kind)) throw notVerified(parsed);
  if (ref.namespace === null && ref.kind !== 'Namespace') throw withoutNamespace(parsed);
  const live = await reader.get(ref);
  const tried = await tryOn(parsed, live !== null, reader);
  const before = live === null ? null : viewOf(reader.normalise(live));
  const after = viewOf(reader.normalise(tried.object));
  if (live === null) dropGiven(after, parsed.object);
  const isSame = before !== null && digestOf(before) === digestOf(after);
  const action = before === null ? 'create' : isSame ? 'no-op' : 'update';
  const diff = before === null ? fieldChanges(undefined, parsed.object) : fieldChanges(before, after);
  const planned: PlannedObject = {
    cluster,
    ...ref,
    action,
    desiredFrom: tried.from,
    ...liveFacts(live, before === null ? null : digestOf(reader.normalise(live ?? {}))),
    desiredDigest: digestOf(after),
    diff: maskedChanges(ref, diff, [before, after, parsed.object]),
  };
  return { planned, desired: tried.object };
}

async function planDeletion(cluster: string, ref: ObjectRef, reader: LiveReader): Promise<PlannedObject> {
  const live = await reader.get(ref);
  return {
    cluster,
    ...ref,
    // What is gone already needs no deletion.
    action: live === null ? 'no-op' : 'delete',
    desiredFrom: 'rendered',
    ...liveFacts(live, live === null ? null : digestOf(reader.normalise(live))),
    desiredDigest: null,
    diff: [],
  };
}

async function tryOn(
  { object, ref, file, line }: ParsedObject,
  isLive: boolean,
  reader: LiveReader,
): Promise<{ readonly object: Json; readonly from: 'dry-run' | 'rendered' }> {
  try {
    return { object: { ...(await reader.dryRunApply(object)) }, from: 'dry-run' };
  } catch (error) {
    if (!isPlanwardenError(error)) throw error;
    // Its namespace is made by the same change: there is nothing to try it on yet.
    if (error.code === 'RESOURCE_UNKNOWN' && !isLive && ref.namespace !== null) {
      return { object: structuredClone(object), from: 'rendered' };
    }
    if (error.code !== 'MANIFEST_INVALID') throw error;
    const field = error.where?.field;
    throw new PlanwardenError('MANIFEST_INVALID', `${file}:${line}: the cluster does not accept it: ${error.message}`, {
      where: { file, line, ...(field === undefined ? {} : { field }) },
      remedy: error.remedy,
      details: error.details,
    });
  }
}

function liveFacts(
  live: Readonly<Json> | null,
  liveDigest: string | null,
): Pick<PlannedObject, 'liveUid' | 'liveResourceVersion' | 'liveDigest'> {
  const { uid, resourceVersion } = record(live?.metadata);
  return {
    liveUid: typeof uid === 'string' ? uid : null,
    liveResourceVersion: typeof resourceVersion === 'string' ? resourceVersion : null,
    liveDigest,
  };
}

/** What the cluster makes up at each creation, also in a dry run: it would make two equal plans differ. */
function viewOf(object: Json): Json {
  const { uid: _uid, creationTimestamp: _created, selfLink: _self, ...metadata } = record(object.metadata);
  return { ...object, metadata };
}

/** Addresses that a dry run hands out anew each time, where the manifest does not ask for one. */
function dropGiven(after: Json, written: Readonly<Json>): void {
  if (written.kind !== 'Service') return;
  const spec = { ...record(after.spec) };
  for (const field of ['clusterIP', 'clusterIPs', 'healthCheckNodePort']) {
    if (record(written.spec)[field] === undefined) delete spec[field];
  }
  spec.ports = records(spec.ports).map(({ nodePort: _, ...port }, index) => {
    const asked = records(record(written.spec).ports)[index]?.nodePort;
    return asked === undefined ? port : { ...port, nodePort: asked };
  });
  after.spec = spec;
}

function imagesOf(ref: ObjectRef, desired: Json): Record<string, string> {
  if (ref.kind !== 'Deployment') return {};
  const pod = record(record(record(desired.spec).template).spec);
  const containers = [...records(pod.initContainers), ...records(pod.containers)];
  return Object.fromEntries(
    containers.map((container) => [
      `${ref.namespace ?? ''}/${ref.kind}/${ref.name}/${String(container.name)}`,
      String(container.image),
    ]),
  );
}

function notVerified({ ref, file, line }: ParsedObject): PlanwardenError {
  return new PlanwardenError(
    'NOT_SUPPORTED',
    `${file}:${line}: ${ref.kind} is not supported yet: what runs could not be verified`,
    {
      where: { file, line, field: 'kind' },
      remedy: 'Use a Deployment.',
    },
  );
}

/** Argo CD would put it into the Application's namespace; the plan, read by itself, would say something else. */
function withoutNamespace({ ref, file, line }: ParsedObject): PlanwardenError {
  return new PlanwardenError('MANIFEST_INVALID', `${file}:${line}: ${ref.kind} names no namespace`, {
    where: { file, line, field: 'metadata.namespace' },
    remedy: 'Set metadata.namespace to a namespace of the target; objects of the whole cluster are for its operator.',
  });
}
