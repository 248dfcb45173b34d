import { randomInt } from 'node:crypto';
import { StatusError } from '../api/status-error.js';
import { at, clone, count, type Json, record, sameJson } from '../json.js';
import { labelsOf } from '../object-upkeep.js';
import type { ObjectWriter } from '../object-writer.js';
import { type KubeObject, kubeTime } from '../objects.js';
import { knownResource } from '../resources.js';
import type { ObjectStore } from '../store/object-store.js';
import { isReady } from './pod-status.js';

/** Tests' say in how many pods of a Deployment come up; by default as many as it asks for. */
export type RolloutPods = (deployment: KubeObject) => number;
/** Changes a pod before it is stored, as a mutating admission webhook of somebody else would. */
export type PodMutation = (pod: KubeObject) => KubeObject;

export const ownedBy = (objects: readonly KubeObject[], owner: KubeObject): KubeObject[] =>
  objects.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) === true);

export const controllerOf = (owner: KubeObject): Json => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid,
  controller: true,
  blockOwnerDeletion: true,
});

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';
const suffix = (): string => Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');

/** Keeps as many pods as a ReplicaSet asks for. */
export class ReplicaSetController {
  private readonly sets = knownResource('apps/v1', 'ReplicaSet');
  private readonly pods = knownResource('v1', 'Pod');

  constructor(
    private readonly store: ObjectStore,
    private readonly writer: ObjectWriter,
    private readonly rolloutPods: () => RolloutPods | undefined,
    private readonly podMutation: () => PodMutation | undefined,
  ) {}

  reconcile(set: KubeObject): void {
    const namespace = set.metadata.namespace ?? '';
    const wanted = this.wanted(set);
    const mine = ownedBy(this.store.list(this.pods, namespace), set);
    let failure: string | undefined;
    for (let missing = wanted - mine.length; missing > 0 && failure === undefined; missing -= 1)
      failure = this.startPod(set, namespace);
    // Pods that are not ready go first.
    const surplus = [...mine].sort((left, right) => Number(isReady(left)) - Number(isReady(right)));
    for (const pod of surplus.slice(0, Math.max(0, mine.length - wanted)))
      this.writer.remove(this.pods, pod, { dryRun: false, orphan: false });
    this.report(set, ownedBy(this.store.list(this.pods, namespace), set), failure);
  }

  private wanted(set: KubeObject): number {
    const asked = count(at(set, 'spec', 'replicas')) ?? 1;
    const owner = set.metadata.ownerReferences?.find(({ kind }) => kind === 'Deployment');
    const deployments = knownResource('apps/v1', 'Deployment');
    const deployment = owner && this.store.get(deployments, set.metadata.namespace, owner.name);
    const limit = deployment && this.rolloutPods()?.(deployment);
    return limit === undefined ? asked : Math.min(asked, limit);
  }

  private startPod(set: KubeObject, namespace: string): string | undefined {
    const template = record(at(set, 'spec', 'template'));
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        namespace,
        name: `${set.metadata.name}-${suffix()}`,
        generateName: `${set.metadata.name}-`,
        labels: labelsOf(at(template, 'metadata', 'labels')),
        annotations: labelsOf(at(template, 'metadata', 'annotations')),
        ownerReferences: [controllerOf(set)],
      },
      spec: clone(template.spec),
    } as unknown as KubeObject;
    try {
      const admitted = this.podMutation()?.(pod) ?? pod;
      this.writer.create(this.pods, namespace, admitted, { dryRun: false, fieldManager: 'kube-controller-manager' });
      return undefined;
    } catch (error) {
      // Refused by admission (pod security): told in the status, as the real controller does.
      if (error instanceof StatusError) return error.message;
      throw error;
    }
  }

  private report(set: KubeObject, pods: readonly KubeObject[], failure: string | undefined): void {
    const ready = pods.filter(isReady).length;
    const before = record(set.status);
    const failed = {
      type: 'ReplicaFailure',
      status: 'True',
      reason: 'FailedCreate',
      message: failure,
      lastTransitionTime: at(before.conditions, '0', 'lastTransitionTime') ?? kubeTime(),
    };
    const status = {
      replicas: pods.length,
      fullyLabeledReplicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
      observedGeneration: set.metadata.generation,
      ...(failure === undefined ? {} : { conditions: [failed] }),
    };
    const same = (value: Json): Json => ({ ...value, conditions: Array.isArray(value.conditions) });
    if (sameJson(same(status), same(before))) return;
    const live = this.store.get(this.sets, set.metadata.namespace, set.metadata.name);
    if (live !== undefined)
      this.writer.update(
        this.sets,
        live,
        { ...live, status },
        {
          dryRun: false,
          fieldManager: 'kube-controller-manager',
          subresource: 'status',
        },
      );
  }
}
