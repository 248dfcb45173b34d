import type { ServerResponse } from 'node:http';
import type { Json } from '../json.js';
import type { KubeObject } from '../objects.js';
import { groupVersionOf, type Resource } from '../resources.js';
import type { ObjectStore, StoreEvent } from '../store/object-store.js';
import { type Matcher, matcherOf } from '../store/selectors.js';
import { expired } from './status-error.js';

/** An event as one watcher sees it: an object that leaves its selection is gone for it. Undefined: not its business. */
function seen(event: StoreEvent, matches: Matcher): { type: string; object: KubeObject } | undefined {
  const before = event.previous !== undefined && matches(event.previous);
  if (event.type === 'DELETED') return before ? { type: 'DELETED', object: event.object } : undefined;
  const now = matches(event.object);
  if (now) return { type: before ? 'MODIFIED' : 'ADDED', object: event.object };
  return before ? { type: 'DELETED', object: event.object } : undefined;
}

function bookmark(resource: Resource, version: number, isInitialEnd: boolean): Json {
  const annotations = isInitialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  const metadata = { resourceVersion: String(version), ...annotations };
  return { type: 'BOOKMARK', object: { apiVersion: groupVersionOf(resource), kind: resource.kind, metadata } };
}

/**
 * Streams the changes of a kind, one JSON object a line, until the client leaves, `timeoutSeconds` pass or `stop` is
 * called. @throws StatusError 410 when the version asked for is further back than the store remembers
 */
export function watchObjects(
  store: ObjectStore,
  resource: Resource,
  namespace: string | undefined,
  query: URLSearchParams,
  response: ServerResponse,
): () => void {
  const inScope = matcherOf(query);
  const matches: Matcher = (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) && inScope(object);
  const from = Number(query.get('resourceVersion') ?? '0');
  const wantsInitial = from === 0 || query.get('sendInitialEvents') === 'true';
  const missed = wantsInitial ? [] : store.since(from);
  if (missed === undefined || !Number.isFinite(from)) throw expired();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  const send = (line: object): void => {
    response.write(`${JSON.stringify(line)}\n`);
  };
  const relay = (event: StoreEvent): void => {
    if (event.resource !== resource) return;
    const told = seen(event, matches);
    if (told !== undefined) send(told);
  };
  if (wantsInitial) {
    for (const object of store.list(resource, namespace).filter(matches)) send({ type: 'ADDED', object });
    if (query.get('sendInitialEvents') === 'true') send(bookmark(resource, store.version, true));
  }
  for (const event of missed) relay(event);
  const unsubscribe = store.subscribe(relay);
  const seconds = Number(query.get('timeoutSeconds') ?? '0');
  const timer = seconds > 0 ? setTimeout(() => stop(), seconds * 1000) : undefined;
  const stop = (): void => {
    unsubscribe();
    clearTimeout(timer);
    if (!response.writableEnded) response.end();
  };
  response.on('close', stop);
  return stop;
}
