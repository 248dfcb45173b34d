import type { KubeRef } from './cluster-api.js';
import { type ApplicationProblem, apiVersionOf, groupOf } from './desired-objects.js';
import { type Health, worst } from './health.js';
import { at, isRecord, type Json, kubeTime, list, record, sameJson, text } from './json.js';
import type { ObjectState } from './object-state.js';

/** `{group, version, kind, namespace, name}`, as statuses of Applications name objects. */
export const namedRef = ({ apiVersion, kind, namespace, name }: KubeRef): Json => ({
  group: groupOf(apiVersion),
  version: apiVersion.split('/').at(-1) ?? '',
  kind,
  ...(namespace === undefined ? {} : { namespace }),
  name,
});

/** The objects an Application's status lists. */
export const listedRefs = (application: Json): KubeRef[] =>
  list(at(application, 'status', 'resources')).map((entry) => ({
    apiVersion: apiVersionOf(text(at(entry, 'group')) ?? '', text(at(entry, 'version')) ?? ''),
    kind: text(at(entry, 'kind')) ?? '',
    namespace: text(at(entry, 'namespace')),
    name: text(at(entry, 'name')) ?? '',
  }));

const comparedTo = (application: Json): Json => ({
  source: at(application, 'spec', 'source'),
  destination: at(application, 'spec', 'destination'),
});

function healthStatus(application: Json, status: Health): Json {
  const before = record(at(application, 'status', 'health'));
  const lastTransitionTime = before.status === status ? before.lastTransitionTime : kubeTime();
  return { status, lastTransitionTime };
}

function conditionsOf(application: Json, problem: Pick<ApplicationProblem, 'type' | 'message'>): Json[] {
  const message = problem.message.slice(0, 500);
  const before = list(at(application, 'status', 'conditions')).find((one) => at(one, 'type') === problem.type);
  const same = at(before, 'message') === message;
  return [{ type: problem.type, message, lastTransitionTime: same ? at(before, 'lastTransitionTime') : kubeTime() }];
}

/** The status after a comparison that came to an end. */
export function comparedStatus(
  application: Json,
  revision: string,
  states: readonly ObjectState[],
  operationState: unknown,
  problem?: ApplicationProblem,
): Json {
  const healths = states.flatMap(({ health }) => (health === undefined ? [] : [health]));
  const resources = states.map(({ ref, isSynced, health, needsPruning }) => ({
    ...namedRef(ref),
    status: isSynced ? 'Synced' : 'OutOfSync',
    ...(health === undefined ? {} : { health: { status: health } }),
    ...(needsPruning ? { requiresPruning: true } : {}),
  }));
  const status = states.every(({ isSynced }) => isSynced) ? 'Synced' : 'OutOfSync';
  const next: Json = {
    sync: { status, revision, comparedTo: comparedTo(application) },
    health: healthStatus(application, worst(healths)),
    resources,
    sourceType: 'Directory',
    summary: { images: imagesOf(states) },
    ...(operationState === undefined ? {} : { operationState }),
    ...(problem === undefined ? {} : { conditions: conditionsOf(application, problem) }),
  };
  return dated(application, next);
}

/** The status when the comparison failed: nothing is known of the sync; what was known of the objects stays. */
export function failedStatus(application: Json, problem: Pick<ApplicationProblem, 'type' | 'message'>): Json {
  const before = record(application.status);
  return dated(application, {
    ...before,
    sync: { status: 'Unknown', comparedTo: comparedTo(application) },
    health: before.health ?? healthStatus(application, 'Unknown'),
    conditions: conditionsOf(application, problem),
  });
}

/** The time of reconciliation moves only with the rest, so that a quiet application is not written again and again. */
function dated(application: Json, next: Json): Json {
  const { reconciledAt, ...before } = record(application.status);
  return {
    ...next,
    reconciledAt: sameJson({ ...next, reconciledAt: null }, { ...before, reconciledAt: null })
      ? reconciledAt
      : kubeTime(),
  };
}

function imagesOf(states: readonly ObjectState[]): string[] {
  const images = states.flatMap(({ live }) => {
    const pod = at(live, 'spec', 'template', 'spec') ?? at(live, 'spec');
    return list(at(pod, 'containers')).flatMap((container) => text(at(container, 'image')) ?? []);
  });
  return [...new Set(images)].sort();
}

/** The merge patch (RFC 7386) that turns one object into another; undefined when they are the same. */
export function mergePatchOf(from: Json, to: Json): Json | undefined {
  const patch: Json = {};
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [before, after] = [from[name], to[name]];
    if (after === undefined) {
      if (before !== undefined) patch[name] = null;
    } else if (isRecord(before) && isRecord(after)) {
      const inner = mergePatchOf(before, after);
      if (inner !== undefined) patch[name] = inner;
    } else if (!sameJson(before, after)) patch[name] = after;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}
