import { createHash } from 'node:crypto';
import { at, clone, count, isRecord, type Json, list, record, sameJson, text } from '../json.js';
import { labelsOf } from '../object-upkeep.js';
import type { ObjectWriter } from '../object-writer.js';
import { type KubeObject, kubeTime } from '../objects.js';
import { knownResource } from '../resources.js';
import type { ObjectStore } from '../store/object-store.js';
import { controllerOf, ownedBy } from './replica-set.controller.js';

const HASH = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';
const MANAGER = 'kube-controller-manager';

const replicasOf = (object: KubeObject): number => count(at(object, 'spec', 'replicas')) ?? 0;
const revisionOf = (set: KubeObject): number => Number(set.metadata.annotations?.[REVISION] ?? 0);
const readyOf = (object: KubeObject): number => count(at(object, 'status', 'readyReplicas')) ?? 0;
const sum = (sets: readonly KubeObject[], part: (set: KubeObject) => number): number =>
  sets.reduce((total, set) => total + part(set), 0);

/** A share of the replicas (`25%` or a number). */
function share(value: unknown, replicas: number, round: (value: number) => number): number {
  const percent = text(value)?.match(/^(\d+)%$/)?.[1];
  return percent === undefined ? (count(value) ?? 0) : round((Number(percent) / 100) * replicas);
}

/** Rolls a Deployment out: one ReplicaSet a template, the new one up and the old ones down within the strategy's limits. */
export class DeploymentController {
  private readonly deployments = knownResource('apps/v1', 'Deployment');
  private readonly sets = knownResource('apps/v1', 'ReplicaSet');

  constructor(
    private readonly store: ObjectStore,
    private readonly writer: ObjectWriter,
  ) {}

  reconcile(deployment: KubeObject): void {
    if (deployment.metadata.deletionTimestamp !== undefined) return;
    const mine = this.mine(deployment);
    const current = mine.find((set) => sameJson(templateOf(set), record(at(deployment, 'spec', 'template'))));
    const newest = current === undefined ? this.startSet(deployment, mine) : this.asNewest(current, mine);
    const old = mine.filter((set) => set.metadata.uid !== newest.metadata.uid);
    if (at(deployment, 'spec', 'paused') !== true) this.scale(deployment, newest, old);
    this.forgetOld(deployment, old);
    this.report(deployment, this.mine(deployment), newest);
  }

  private mine(deployment: KubeObject): KubeObject[] {
    return ownedBy(this.store.list(this.sets, deployment.metadata.namespace), deployment);
  }

  /** A template that comes back is a new revision. */
  private asNewest(set: KubeObject, mine: readonly KubeObject[]): KubeObject {
    const others = mine.filter((one) => one.metadata.uid !== set.metadata.uid);
    const last = Math.max(0, ...others.map(revisionOf));
    if (revisionOf(set) > last) return set;
    const annotations = { ...set.metadata.annotations, [REVISION]: String(last + 1) };
    const next = { ...set, metadata: { ...set.metadata, annotations } };
    return this.writer.update(this.sets, set, next, { dryRun: false, fieldManager: MANAGER });
  }

  private startSet(deployment: KubeObject, others: readonly KubeObject[]): KubeObject {
    const template = clone(record(at(deployment, 'spec', 'template')));
    const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 10);
    const labels = { ...labelsOf(at(template, 'metadata', 'labels')), [HASH]: hash };
    const revision = 1 + Math.max(0, ...others.map(revisionOf));
    const matchLabels = { ...record(at(deployment, 'spec', 'selector', 'matchLabels')), [HASH]: hash };
    const set = {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${deployment.metadata.name}-${hash}`,
        labels,
        annotations: { [REVISION]: String(revision) },
        ownerReferences: [controllerOf(deployment)],
      },
      spec: {
        replicas: 0,
        selector: { ...record(at(deployment, 'spec', 'selector')), matchLabels },
        template: { ...template, metadata: { ...record(template.metadata), labels } },
      },
    } as unknown as KubeObject;
    return this.writer.create(this.sets, deployment.metadata.namespace, set, { dryRun: false, fieldManager: MANAGER });
  }

  private scale(deployment: KubeObject, newest: KubeObject, old: readonly KubeObject[]): void {
    const wanted = replicasOf(deployment);
    const rolling = record(at(deployment, 'spec', 'strategy', 'rollingUpdate'));
    const isRecreate = at(deployment, 'spec', 'strategy', 'type') === 'Recreate';
    const surge = isRecreate ? 0 : share(rolling.maxSurge, wanted, Math.ceil);
    const given = isRecreate ? wanted : share(rolling.maxUnavailable, wanted, Math.floor);
    const unavailable = surge + given === 0 ? 1 : given;
    const oldAsked = sum(old, replicasOf);
    // What stands of the old pods is counted, not what is asked for: a pod that still ends takes room.
    const oldStanding = Math.max(
      oldAsked,
      sum(old, (set) => count(at(set, 'status', 'replicas')) ?? 0),
    );
    const room = isRecreate && oldStanding > 0 ? 0 : Math.max(0, wanted + surge - oldStanding);
    this.setReplicas(newest, oldStanding === 0 ? wanted : Math.min(wanted, Math.max(replicasOf(newest), room)));
    let mayGo = isRecreate ? oldAsked : Math.max(0, oldAsked - Math.max(0, wanted - unavailable - readyOf(newest)));
    for (const set of old) {
      const less = Math.min(mayGo, replicasOf(set));
      mayGo -= less;
      this.setReplicas(set, replicasOf(set) - less);
    }
  }

  private setReplicas(set: KubeObject, replicas: number): void {
    const live = this.store.get(this.sets, set.metadata.namespace, set.metadata.name);
    if (live === undefined || replicasOf(live) === replicas) return;
    const next = { ...live, spec: { ...record(live.spec), replicas } };
    this.writer.update(this.sets, live, next, { dryRun: false, fieldManager: MANAGER });
  }

  private forgetOld(deployment: KubeObject, old: readonly KubeObject[]): void {
    const limit = count(at(deployment, 'spec', 'revisionHistoryLimit')) ?? 10;
    const empty = old.filter((set) => replicasOf(set) === 0 && (count(at(set, 'status', 'replicas')) ?? 0) === 0);
    const sorted = empty.sort((left, right) => revisionOf(right) - revisionOf(left));
    for (const set of sorted.slice(limit)) this.writer.remove(this.sets, set, { dryRun: false, orphan: false });
  }

  private report(deployment: KubeObject, sets: readonly KubeObject[], newest: KubeObject): void {
    const live = this.store.get(this.deployments, deployment.metadata.namespace, deployment.metadata.name);
    if (live === undefined) return;
    const now = sets.find((set) => set.metadata.uid === newest.metadata.uid);
    const status = deploymentStatus(live, sets, now);
    const revision = newest.metadata.annotations?.[REVISION] ?? '1';
    if (live.metadata.annotations?.[REVISION] !== revision) {
      const annotations = { ...live.metadata.annotations, [REVISION]: revision };
      const next = { ...live, metadata: { ...live.metadata, annotations } };
      const kept = this.writer.update(this.deployments, live, next, { dryRun: false, fieldManager: MANAGER });
      this.writeStatus(kept, status);
    } else this.writeStatus(live, status);
  }

  private writeStatus(live: KubeObject, status: Json): void {
    if (sameJson(live.status, status)) return;
    this.writer.update(
      this.deployments,
      live,
      { ...live, status },
      {
        dryRun: false,
        fieldManager: MANAGER,
        subresource: 'status',
      },
    );
  }
}

/** The pod template of a ReplicaSet as its Deployment wrote it. */
function templateOf(set: KubeObject): Json {
  const template = clone(record(at(set, 'spec', 'template')));
  const labels = at(template, 'metadata', 'labels');
  if (isRecord(labels)) delete labels[HASH];
  return template;
}

function deploymentStatus(deployment: KubeObject, sets: readonly KubeObject[], newest: KubeObject | undefined): Json {
  const wanted = replicasOf(deployment);
  const part = (set: KubeObject, field: string): number => count(at(set, 'status', field)) ?? 0;
  const replicas = sum(sets, (set) => part(set, 'replicas'));
  const ready = sum(sets, readyOf);
  const updated = newest === undefined ? 0 : part(newest, 'replicas');
  const done = updated === wanted && replicas === wanted && ready === wanted;
  const unavailable = Math.max(0, Math.max(wanted, replicas) - ready);
  const failures = sets.flatMap((set) => list(at(set, 'status', 'conditions')));
  const allowed = share(at(deployment, 'spec', 'strategy', 'rollingUpdate', 'maxUnavailable'), wanted, Math.floor);
  const available = ready >= wanted - allowed && (wanted === 0 || ready > 0);
  const set = `ReplicaSet "${newest?.metadata.name ?? ''}"`;
  const conditions = [
    available
      ? condition(deployment, 'Available', true, 'MinimumReplicasAvailable', 'Deployment has minimum availability.')
      : condition(
          deployment,
          'Available',
          false,
          'MinimumReplicasUnavailable',
          'Deployment does not have minimum availability.',
        ),
    done
      ? condition(deployment, 'Progressing', true, 'NewReplicaSetAvailable', `${set} has successfully progressed.`)
      : condition(deployment, 'Progressing', true, 'ReplicaSetUpdated', `${set} is progressing.`),
    ...failures.map((failure) =>
      condition(deployment, 'ReplicaFailure', true, 'FailedCreate', text(at(failure, 'message'))),
    ),
  ];
  const counts = {
    replicas,
    updatedReplicas: updated,
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: unavailable,
  };
  // Counts of zero are left out, as the real API does.
  const shown = Object.fromEntries(Object.entries(counts).filter(([, value]) => value > 0));
  return { observedGeneration: deployment.metadata.generation, ...shown, terminatingReplicas: 0, conditions };
}

function condition(deployment: KubeObject, type: string, isTrue: boolean, reason: string, message = reason): Json {
  const status = isTrue ? 'True' : 'False';
  const before = list(at(deployment, 'status', 'conditions')).find((one) => at(one, 'type') === type);
  const same = at(before, 'status') === status && at(before, 'reason') === reason;
  const now = kubeTime();
  return {
    type,
    status,
    reason,
    message,
    lastTransitionTime: same ? at(before, 'lastTransitionTime') : now,
    lastUpdateTime: same ? at(before, 'lastUpdateTime') : now,
  };
}
