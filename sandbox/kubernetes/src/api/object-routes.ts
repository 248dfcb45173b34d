import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuseUndeclaredFields } from '../admission/declared-fields.js';
import { jsonPatch, mergePatch, strategicMergePatch } from '../apply/patches.js';
import { serverSideApply } from '../apply/server-side-apply.js';
import { clone, isRecord, type Json, record, text } from '../json.js';
import type { ObjectWriter, WriteOptions } from '../object-writer.js';
import type { KubeObject } from '../objects.js';
import { groupVersionOf, type Resource } from '../resources.js';
import type { ObjectStore } from '../store/object-store.js';
import { matcherOf } from '../store/selectors.js';
import { answer, mediaType, objectBody, parseBody, readBody } from './http-kit.js';
import { pageOf } from './list-page.js';
import type { RequestPath } from './request-path.js';
import { scaleOf, withScale } from './scale.js';
import {
  badRequest,
  conflict,
  fieldManagerMissing,
  invalid,
  methodNotAllowed,
  notFound,
  unsupportedMediaType,
} from './status-error.js';

/** One request that is authenticated and authorised. */
export interface ObjectRequest {
  readonly path: RequestPath;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly dryRun: boolean;
}

const APPLY = 'application/apply-patch+yaml';

/** Reads and writes of objects over HTTP. */
export class ObjectRoutes {
  constructor(
    private readonly store: ObjectStore,
    private readonly writer: ObjectWriter,
  ) {}

  /** @throws StatusError what the API server would refuse with */
  async serve(call: ObjectRequest): Promise<void> {
    const { name } = call.path;
    const method = call.request.method ?? 'GET';
    if (method === 'GET') return name === undefined ? this.list(call) : this.get(call);
    if (method === 'POST' && name === undefined) return this.create(call);
    if (method === 'DELETE') return name === undefined ? this.removeAll(call) : this.remove(call);
    if (method === 'PUT' && name !== undefined) return this.replace(call);
    if (method === 'PATCH' && name !== undefined) return this.patch(call);
    throw methodNotAllowed();
  }

  private live({ path }: ObjectRequest): KubeObject {
    const found = this.store.get(path.resource, path.namespace, path.name ?? '');
    if (found === undefined) throw notFound(path.resource, path.name ?? '');
    return found;
  }

  private options(call: ObjectRequest): WriteOptions {
    const agent = call.request.headers['user-agent']?.split('/')[0] ?? 'unknown';
    const { subresource } = call.path;
    return {
      dryRun: call.dryRun,
      fieldManager: call.query.get('fieldManager') ?? agent,
      ...(subresource === undefined ? {} : { subresource }),
    };
  }

  private send(call: ObjectRequest, object: KubeObject, code = 200): void {
    answer(call.response, code, call.path.subresource === 'scale' ? scaleOf(object) : object);
  }

  private get(call: ObjectRequest): void {
    this.send(call, this.live(call));
  }

  private list(call: ObjectRequest): void {
    const { resource, namespace } = call.path;
    const found = this.store.list(resource, namespace).filter(matcherOf(call.query));
    const { items, metadata } = pageOf(found, call.query, this.store.version);
    answer(call.response, 200, {
      kind: `${resource.kind}List`,
      apiVersion: groupVersionOf(resource),
      metadata,
      // Items of built-in kinds leave out what the list has said; those of custom resources do not.
      items: resource.custom ? items : items.map(({ apiVersion: _version, kind: _kind, ...item }) => item),
    });
  }

  private async create(call: ObjectRequest): Promise<void> {
    const { resource, namespace } = call.path;
    if (resource.namespaced && namespace === undefined) throw methodNotAllowed();
    const object = asObject(resource, objectBody(mediaType(call.request), await readBody(call.request)));
    this.send(call, this.writer.create(resource, namespace, object, this.options(call)), 201);
  }

  private async replace(call: ObjectRequest): Promise<void> {
    const body = objectBody(mediaType(call.request), await readBody(call.request));
    const live = this.live(call);
    const { resource, subresource, name } = call.path;
    const next = subresource === 'scale' ? withScale(live, body) : asObject(resource, body);
    if (next.metadata.name !== name) throw badRequest('the name of the object does not match the name on the URL');
    this.send(call, this.writer.update(resource, live, next, this.options(call)));
  }

  private async patch(call: ObjectRequest): Promise<void> {
    const type = mediaType(call.request);
    const body = await readBody(call.request);
    if (type === APPLY) return this.apply(call, objectBody(type, body));
    if (call.query.has('force'))
      throw badRequest('PatchOptions.meta.k8s.io "" is invalid: force: may not be specified for non-apply patch');
    const live = this.live(call);
    const { resource, subresource } = call.path;
    const target = subresource === 'scale' ? scaleOf(live) : clone(live);
    const patch = parseBody(type, body);
    let next: unknown;
    if (type === 'application/merge-patch+json') next = mergePatch(target, patch);
    else if (type === 'application/strategic-merge-patch+json') {
      if (resource.custom) throw unsupportedMediaType();
      next = strategicMergePatch(resource, target, patch);
    } else if (type === 'application/json-patch+json') next = jsonPatch(target, patch);
    else throw unsupportedMediaType();
    const object = subresource === 'scale' ? withScale(live, next) : asObject(resource, record(next));
    this.send(call, this.writer.update(resource, live, object, this.options(call)));
  }

  private apply(call: ObjectRequest, body: Json): void {
    const { resource, namespace, name = '', subresource } = call.path;
    const fieldManager = call.query.get('fieldManager') ?? '';
    if (fieldManager === '') throw fieldManagerMissing();
    if (subresource === 'scale') throw unsupportedMediaType();
    const wanted = asObject(resource, body);
    if (wanted.metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
    wanted.metadata.name ??= name;
    if (wanted.metadata.name !== name) throw badRequest('the name of the object does not match the name on the URL');
    if (namespace !== undefined) wanted.metadata.namespace ??= namespace;
    refuseUndeclaredFields(wanted);
    const live = this.store.get(resource, namespace, name);
    const force = call.query.get('force') === 'true';
    const { resourceVersion } = wanted.metadata;
    if (resourceVersion !== undefined && resourceVersion !== live?.metadata.resourceVersion)
      throw conflict(resource, name);
    const next = serverSideApply(resource, live, wanted, { fieldManager, force });
    const options: WriteOptions = {
      dryRun: call.dryRun,
      fieldManager: undefined,
      ...(subresource === undefined ? {} : { subresource }),
    };
    if (live === undefined) this.send(call, this.writer.create(resource, namespace, next, options), 201);
    else this.send(call, this.writer.update(resource, live, next, options));
  }

  private async remove(call: ObjectRequest): Promise<void> {
    const bytes = await readBody(call.request);
    const live = this.live(call);
    const { resource, name } = call.path;
    const last = this.writer.remove(resource, live, deleteOptions(call, bytes));
    const gone = last.metadata.deletionTimestamp === undefined;
    const { uid } = live.metadata;
    const details = { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural, uid };
    const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
    answer(call.response, 200, gone && resource.kind !== 'Pod' ? status : last);
  }

  private async removeAll(call: ObjectRequest): Promise<void> {
    const bytes = await readBody(call.request);
    const { resource, namespace } = call.path;
    if (resource.namespaced && namespace === undefined) throw methodNotAllowed();
    const found = this.store.list(resource, namespace).filter(matcherOf(call.query));
    for (const object of found) this.writer.remove(resource, object, deleteOptions(call, bytes));
    answer(call.response, 200, {
      kind: `${resource.kind}List`,
      apiVersion: groupVersionOf(resource),
      metadata: {},
      items: found,
    });
  }
}

function deleteOptions(call: ObjectRequest, bytes: Buffer): { dryRun: boolean; orphan: boolean; preconditions: Json } {
  const body = bytes.length === 0 ? {} : objectBody(mediaType(call.request), bytes);
  const policy = call.query.get('propagationPolicy') ?? text(body.propagationPolicy);
  const dryRun = call.dryRun || (Array.isArray(body.dryRun) && body.dryRun.includes('All'));
  return { dryRun, orphan: policy === 'Orphan', preconditions: record(body.preconditions) };
}

/** @throws StatusError 400 when the body is another kind */
function asObject(resource: Resource, body: Json): KubeObject {
  const apiVersion = body.apiVersion ?? groupVersionOf(resource);
  const kind = body.kind ?? resource.kind;
  if (apiVersion !== groupVersionOf(resource))
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${groupVersionOf(resource)})`,
    );
  if (kind !== resource.kind)
    throw badRequest(`the kind in the data (${String(kind)}) does not match the expected kind (${resource.kind})`);
  const metadata = isRecord(body.metadata) ? body.metadata : {};
  for (const field of ['labels', 'annotations'])
    if (metadata[field] != null && !isRecord(metadata[field]))
      throw invalid(resource, text(metadata.name) ?? '', [
        { reason: 'FieldValueInvalid', message: 'Invalid value: must be a map', field: `metadata.${field}` },
      ]);
  // The name may still be absent here: whoever writes takes it from the path, generates it, or refuses.
  return { ...body, apiVersion, kind, metadata } as unknown as KubeObject;
}
