import type { Log } from '@planwarden/contracts';
import type { ObjectWriter } from '../object-writer.js';
import type { KubeObject } from '../objects.js';
import { knownResource, type Resource } from '../resources.js';
import type { ObjectStore, StoreEvent } from '../store/object-store.js';
import { DeploymentController } from './deployment.controller.js';
import { podStatus } from './pod-status.js';
import { type PodMutation, ReplicaSetController, type RolloutPods } from './replica-set.controller.js';

/**
 * Everything that follows from a change: rollouts, pods that start, dependents and contents that go with what owned
 * them. Woken by the store's events and worked through on setImmediate; no timers, so `settled` means settled.
 */
export class Controllers {
  rolloutPods: RolloutPods | undefined;
  podMutation: PodMutation | undefined;
  private readonly queue = new Map<string, { resource: Resource; object: KubeObject }>();
  private readonly idle = new Set<() => void>();
  private readonly unsubscribe: () => void;
  private readonly deployments: DeploymentController;
  private readonly sets: ReplicaSetController;
  private scheduled: NodeJS.Immediate | undefined;
  private addresses = 1;

  constructor(
    private readonly store: ObjectStore,
    private readonly writer: ObjectWriter,
    private readonly log: Log,
  ) {
    this.deployments = new DeploymentController(store, writer);
    this.sets = new ReplicaSetController(
      store,
      writer,
      () => this.rolloutPods,
      () => this.podMutation,
    );
    this.unsubscribe = store.subscribe((event) => this.onEvent(event));
    this.wakeAll();
  }

  /** Looks at every object again, after a start or a changed override. */
  wakeAll(): void {
    for (const object of this.store.all()) this.wake(knownResource(object.apiVersion, object.kind), object);
  }

  /** Resolves when nothing is left to do. */
  settled(): Promise<void> {
    if (this.scheduled === undefined) return Promise.resolve();
    return new Promise((resolve) => this.idle.add(resolve));
  }

  stop(): void {
    this.unsubscribe();
    clearImmediate(this.scheduled);
    this.scheduled = undefined;
    this.queue.clear();
    this.tellIdle();
  }

  private onEvent(event: StoreEvent): void {
    if (event.type === 'DELETED') this.collectDependents(event.object);
    else this.wake(event.resource, event.object);
    for (const owner of event.object.metadata.ownerReferences ?? []) {
      if (owner.kind !== 'ReplicaSet' && owner.kind !== 'Deployment') continue;
      const resource = knownResource('apps/v1', owner.kind);
      const found = this.store.get(resource, event.object.metadata.namespace, owner.name);
      if (found !== undefined) this.wake(resource, found);
    }
    const { namespace } = event.object.metadata;
    if (event.type !== 'DELETED' || namespace === undefined) return;
    const namespaces = knownResource('v1', 'Namespace');
    const home = this.store.get(namespaces, undefined, namespace);
    if (home?.metadata.deletionTimestamp !== undefined) this.wake(namespaces, home);
  }

  private wake(resource: Resource, object: KubeObject): void {
    if (!['Deployment', 'ReplicaSet', 'Pod', 'Namespace'].includes(resource.kind)) return;
    this.queue.set(`${resource.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`, { resource, object });
    this.scheduled ??= setImmediate(() => this.work());
  }

  private work(): void {
    const batch = [...this.queue.values()];
    this.queue.clear();
    this.scheduled = undefined;
    for (const { resource, object } of batch) {
      const live = this.store.get(resource, object.metadata.namespace, object.metadata.name);
      if (live === undefined) continue;
      try {
        this.reconcile(live);
      } catch (err) {
        this.log.warn({ err, kind: live.kind, name: live.metadata.name }, 'a sandbox controller failed');
      }
    }
    if (this.queue.size === 0) this.tellIdle();
  }

  private tellIdle(): void {
    for (const resolve of this.idle) resolve();
    this.idle.clear();
  }

  private reconcile(live: KubeObject): void {
    if (live.kind === 'Deployment') this.deployments.reconcile(live);
    else if (live.kind === 'ReplicaSet') this.sets.reconcile(live);
    else if (live.kind === 'Pod') this.startPod(live);
    else this.emptyNamespace(live);
  }

  private startPod(pod: KubeObject): void {
    if (pod.status !== undefined) return;
    const resource = knownResource('v1', 'Pod');
    this.addresses += 1;
    const address = `10.244.${Math.floor(this.addresses / 250) % 256}.${(this.addresses % 250) + 1}`;
    const status = podStatus(pod, address);
    const spec = { ...(pod.spec as object), nodeName: 'sandbox-node' };
    const placed = this.writer.update(
      resource,
      pod,
      { ...pod, spec },
      { dryRun: false, fieldManager: 'kube-scheduler' },
    );
    this.writer.update(
      resource,
      placed,
      { ...placed, status },
      {
        dryRun: false,
        fieldManager: 'kubelet',
        subresource: 'status',
      },
    );
  }

  private emptyNamespace(namespace: KubeObject): void {
    if (namespace.metadata.deletionTimestamp === undefined) return;
    const inside = (): KubeObject[] =>
      this.store.all().filter(({ metadata }) => metadata.namespace === namespace.metadata.name);
    for (const { apiVersion, kind, metadata } of inside()) {
      const resource = knownResource(apiVersion, kind);
      // Read again: what owned it may have taken it away already.
      const live = this.store.get(resource, metadata.namespace, metadata.name);
      if (live !== undefined) this.writer.remove(resource, live, { dryRun: false, orphan: false });
    }
    if (inside().length === 0) this.store.remove(knownResource('v1', 'Namespace'), undefined, namespace.metadata.name);
  }

  private collectDependents(owner: KubeObject): void {
    for (const { apiVersion, kind, metadata } of this.store.all()) {
      if (metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid) !== true) continue;
      const resource = knownResource(apiVersion, kind);
      const live = this.store.get(resource, metadata.namespace, metadata.name);
      if (live !== undefined) this.writer.remove(resource, live, { dryRun: false, orphan: false });
    }
  }
}
