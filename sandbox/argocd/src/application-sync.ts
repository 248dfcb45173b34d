import { listedRefs, namedRef } from './application-status.js';
import { type ClusterApi, ClusterError, type KubeRef, refOf } from './cluster-api.js';
import { keyOf, type Source } from './desired-objects.js';
import { at, type Json, kubeTime, list, record, sameJson } from './json.js';
import { isTracked, type ObjectState, stateOf } from './object-state.js';

export const MANAGER = 'argocd-controller';

/** What applying would change is found by a dry run, as Argo CD's server-side diff does. */
const comparable = (object: Json): Json => {
  const { status: _status, ...rest } = object;
  const {
    managedFields: _fields,
    resourceVersion: _version,
    generation: _generation,
    ...metadata
  } = record(object.metadata);
  return { ...rest, metadata };
};

async function isAsDesired(api: ClusterApi, desired: Json, live: Json): Promise<boolean> {
  try {
    return sameJson(comparable(await api.apply(desired, MANAGER, true)), comparable(live));
  } catch (error) {
    // A refusal is a difference too; the sync will tell it. Silence is not.
    if (error instanceof ClusterError && error.code >= 400 && error.code < 500 && error.code !== 429) return false;
    throw error;
  }
}

/** Compares what Git wants with the cluster, and finds what the application left behind. */
export async function compare(api: ClusterApi, application: Json, desired: readonly Json[]): Promise<ObjectState[]> {
  const name = refOf(application).name;
  const states: ObjectState[] = [];
  for (const object of desired) {
    const ref = refOf(object);
    const live = await api.get(ref);
    states.push(stateOf(ref, object, live, live !== undefined && (await isAsDesired(api, object, live))));
  }
  const wanted = new Set(desired.map((object) => keyOf(refOf(object))));
  for (const ref of listedRefs(application).filter((one) => !wanted.has(keyOf(one)))) {
    const live = await api.get(ref);
    if (live !== undefined && isTracked(name, live, ref)) states.push(stateOf(ref, undefined, live, false));
  }
  return states;
}

const mayPrune = (state: ObjectState): boolean =>
  state.needsPruning && at(state.live, 'metadata', 'deletionTimestamp') === undefined;

export interface SyncPlan {
  readonly applies: readonly ObjectState[];
  readonly prunes: readonly ObjectState[];
}

/** What an automated sync would do now; undefined when none is due. */
export function dueSync(application: Json, revision: string, states: readonly ObjectState[]): SyncPlan | undefined {
  const automated = at(application, 'spec', 'syncPolicy', 'automated');
  if (automated === undefined || automated === null || at(automated, 'enabled') === false) return undefined;
  const prunes = at(automated, 'prune') === true ? states.filter(mayPrune).reverse() : [];
  const isBehind = states.some(({ desired, isSynced }) => desired !== undefined && !isSynced);
  if (!isBehind && prunes.length === 0) return undefined;
  // Once a revision has been brought out, a drift of the cluster is mended only by self-heal.
  const last = at(application, 'status', 'operationState');
  const isDone =
    at(last, 'phase') === 'Succeeded' &&
    at(last, 'syncResult', 'revision') === revision &&
    sameJson(at(last, 'syncResult', 'source'), at(application, 'spec', 'source'));
  if (isDone && at(automated, 'selfHeal') !== true) return undefined;
  return { applies: states.filter(({ desired }) => desired !== undefined), prunes };
}

/** operationState while a sync runs. */
export const runningOperation = (application: Json, revision: string): Json => ({
  operation: {
    initiatedBy: { automated: true },
    sync: { revision, prune: at(application, 'spec', 'syncPolicy', 'automated', 'prune') === true },
  },
  phase: 'Running',
  startedAt: kubeTime(),
});

export interface SyncResult {
  readonly states: readonly ObjectState[];
  readonly operationState: Json;
  readonly failures: readonly string[];
}

/** Applies and prunes; an object that is refused does not keep the others back. */
export async function carryOut(
  api: ClusterApi,
  application: Json,
  source: Source,
  revision: string,
  plan: SyncPlan,
  running: Json,
): Promise<SyncResult> {
  const results: Json[] = [];
  const states: ObjectState[] = [];
  const failures: string[] = [];
  const note = (ref: KubeRef, status: string, message: string): void => {
    results.push({ ...namedRef(ref), status, message, hookPhase: 'Running', syncPhase: 'Sync' });
    if (status === 'SyncFailed') failures.push(`${ref.kind} ${ref.name}: ${message}`);
  };
  const refusal = (error: unknown): string => {
    if (error instanceof ClusterError && error.code !== 0) return error.message.slice(0, 300);
    throw error;
  };
  await createNamespace(api, application, source);
  for (const state of plan.applies) {
    try {
      const live = await api.apply(state.desired ?? {}, MANAGER);
      states.push(stateOf(state.ref, state.desired, live, true));
      note(state.ref, 'Synced', `${state.ref.kind} ${state.ref.name} serverside-applied`);
    } catch (error) {
      states.push(state);
      note(state.ref, 'SyncFailed', refusal(error));
    }
  }
  // What Git names no more goes only when everything it does name stands.
  for (const { ref, live } of failures.length === 0 ? plan.prunes : []) {
    try {
      await api.remove(ref);
      const left = await api.get(ref);
      if (left !== undefined && sameJson(at(left, 'metadata', 'uid'), at(live, 'metadata', 'uid')))
        states.push(stateOf(ref, undefined, left, false));
      note(ref, 'Pruned', 'pruned');
    } catch (error) {
      states.push(stateOf(ref, undefined, live, false));
      note(ref, 'SyncFailed', refusal(error));
    }
  }
  const isDone = failures.length === 0;
  const operationState = {
    ...running,
    phase: isDone ? 'Succeeded' : 'Failed',
    message: isDone ? 'successfully synced (all tasks run)' : failures.join('; ').slice(0, 500),
    finishedAt: kubeTime(),
    syncResult: { revision, source: at(application, 'spec', 'source'), resources: results },
  };
  return { states, operationState, failures };
}

async function createNamespace(api: ClusterApi, application: Json, source: Source): Promise<void> {
  const options = list(at(application, 'spec', 'syncPolicy', 'syncOptions'));
  if (!options.includes('CreateNamespace=true') || source.namespace === '') return;
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: source.namespace } };
  if ((await api.get(refOf(namespace))) === undefined) await api.apply(namespace, MANAGER);
}
