import { randomBytes, randomUUID } from 'node:crypto';
import { applyDefaults } from './admission/defaults.js';
import { podSecurityRefusal } from './admission/pod-security.js';
import { required } from './admission/pod-validation.js';
import { validate } from './admission/validation.js';
import { alreadyExists, badRequest, conflict, forbidden, invalid, notFound } from './api/status-error.js';
import { ownChangedFields } from './apply/managed-fields.js';
import { clone, record, sameJson, withoutNulls } from './json.js';
import {
  desiredOf,
  giveAddress,
  keepAddress,
  keepIdentity,
  sameApartFromTimes,
  separateStatus,
} from './object-upkeep.js';
import { type KubeObject, kubeTime } from './objects.js';
import { groupVersionOf, knownResource, type Resource } from './resources.js';
import type { ObjectStore } from './store/object-store.js';

export interface WriteOptions {
  readonly dryRun: boolean;
  /** Who owns what changes; undefined when the object already carries its owners (server-side apply). */
  readonly fieldManager: string | undefined;
  readonly subresource?: 'status' | 'scale';
}

export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly orphan: boolean;
  readonly preconditions?: { readonly uid?: unknown; readonly resourceVersion?: unknown };
}

const PROTECTED = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** The one way objects change: identity, defaults, admission, validation, owners, generation; a dry run ends before the store. */
export class ObjectWriter {
  constructor(private readonly store: ObjectStore) {}

  create(resource: Resource, namespace: string | undefined, given: KubeObject, options: WriteOptions): KubeObject {
    const object = withoutNulls(clone(given));
    this.identify(resource, namespace, object);
    this.admitNamespace(resource, namespace);
    const { name } = object.metadata;
    if (this.store.get(resource, namespace, name) !== undefined) throw alreadyExists(resource, name);
    if (object.metadata.resourceVersion !== undefined)
      throw conflict(resource, name, 'resourceVersion should not be set on objects to be created');
    if (resource.statusSubresource) delete object.status;
    applyDefaults(object);
    validate(resource, undefined, object);
    this.admitPod(resource, object);
    if (options.fieldManager !== undefined)
      ownChangedFields(resource, undefined, object, options.fieldManager, undefined);
    object.metadata.uid = randomUUID();
    object.metadata.creationTimestamp = kubeTime();
    delete object.metadata.deletionTimestamp;
    if (resource.counted) object.metadata.generation = 1;
    else delete object.metadata.generation;
    if (options.dryRun) return object;
    if (resource.kind === 'Service') giveAddress(object);
    return this.store.put(resource, object);
  }

  /**
   * Puts an object in the place of the one that is there.
   * @throws StatusError 409 when the object names another resourceVersion or uid than the one that is there
   */
  update(resource: Resource, live: KubeObject, given: KubeObject, options: WriteOptions): KubeObject {
    const next = withoutNulls(clone(given));
    const { name } = live.metadata;
    const { resourceVersion, uid } = next.metadata;
    if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
      throw conflict(resource, name);
    if (uid !== undefined && uid !== live.metadata.uid)
      throw conflict(
        resource,
        name,
        `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
      );
    keepIdentity(next, live);
    separateStatus(resource, next, live, options.subresource);
    keepAddress(next, live);
    applyDefaults(next);
    validate(resource, live, next);
    if (options.fieldManager !== undefined)
      ownChangedFields(resource, live, next, options.fieldManager, options.subresource);
    next.metadata.resourceVersion = live.metadata.resourceVersion ?? '';
    if (resource.counted && !sameJson(desiredOf(resource, live), desiredOf(resource, next)))
      next.metadata.generation = (live.metadata.generation ?? 1) + 1;
    if (sameApartFromTimes(live, next)) return live;
    if (options.dryRun) return next;
    if (next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0)
      return this.store.remove(resource, next.metadata.namespace, name) ?? next;
    return this.store.put(resource, next);
  }

  /** Deletes, or marks as being deleted while finalizers hold the object. Returns its last state. */
  remove(resource: Resource, live: KubeObject, options: DeleteOptions): KubeObject {
    const { name, namespace } = live.metadata;
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== live.metadata.uid) throw conflict(resource, name, 'Precondition failed: UID');
    if (resourceVersion !== undefined && resourceVersion !== live.metadata.resourceVersion)
      throw conflict(resource, name);
    if (resource.kind === 'Namespace' && PROTECTED.has(name))
      throw forbidden(resource, name, 'this namespace may not be deleted');
    const held = (live.metadata.finalizers ?? []).length > 0 || resource.kind === 'Namespace';
    const marked = clone(live);
    if (held) {
      if (live.metadata.deletionTimestamp !== undefined) return live;
      marked.metadata.deletionTimestamp = kubeTime();
      if (resource.kind === 'Namespace') marked.status = { ...record(marked.status), phase: 'Terminating' };
      return options.dryRun ? marked : this.store.put(resource, marked);
    }
    if (options.dryRun) return live;
    if (options.orphan) this.orphanDependents(live);
    return this.store.remove(resource, namespace, name) ?? live;
  }

  private identify(resource: Resource, namespace: string | undefined, object: KubeObject): void {
    const { metadata } = object;
    if (object.apiVersion !== groupVersionOf(resource) || object.kind !== resource.kind)
      throw badRequest(
        `the object provided is unrecognized: expected ${groupVersionOf(resource)}, Kind=${resource.kind}`,
      );
    if (metadata.namespace !== undefined && metadata.namespace !== namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    if (namespace !== undefined) metadata.namespace = namespace;
    if (metadata.name === undefined && metadata.generateName !== undefined)
      metadata.name = `${metadata.generateName}${randomBytes(4).toString('hex').slice(0, 5)}`;
    if (typeof metadata.name !== 'string' || metadata.name === '')
      throw invalid(resource, '', [required('metadata.name', 'name or generateName is required')]);
  }

  private admitNamespace(resource: Resource, namespace: string | undefined): void {
    if (namespace === undefined) return;
    const namespaces = knownResource('v1', 'Namespace');
    const found = this.store.get(namespaces, undefined, namespace);
    if (found === undefined) throw notFound(namespaces, namespace);
    if (found.metadata.deletionTimestamp !== undefined)
      throw forbidden(
        resource,
        '',
        `unable to create new content in namespace ${namespace} because it is being terminated`,
      );
  }

  private admitPod(resource: Resource, object: KubeObject): void {
    if (resource.kind !== 'Pod') return;
    const namespace = this.store.get(knownResource('v1', 'Namespace'), undefined, object.metadata.namespace ?? '');
    const refusal = podSecurityRefusal(namespace?.metadata.labels ?? {}, record(object.spec));
    if (refusal !== undefined) throw forbidden(resource, object.metadata.name, refusal);
  }

  private orphanDependents(owner: KubeObject): void {
    for (const object of this.store.all()) {
      const kept = object.metadata.ownerReferences?.filter(({ uid }) => uid !== owner.metadata.uid);
      if (kept === undefined || kept.length === object.metadata.ownerReferences?.length) continue;
      object.metadata.ownerReferences = kept;
      this.store.put(knownResource(object.apiVersion, object.kind), object);
    }
  }
}
