import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { clone } from '../json.js';
import type { KubeObject } from '../objects.js';
import { groupVersionOf, type Resource, resourceByKind } from '../resources.js';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly resource: Resource;
  /** The object after the change; for DELETED the last state. */
  readonly object: KubeObject;
  readonly previous: KubeObject | undefined;
}

/** Events kept for watches that start in the past. */
const HISTORY = 4000;
const keyOf = (resource: Resource, namespace: string | undefined, name: string): string =>
  `${groupVersionOf(resource)}/${resource.kind}/${namespace ?? ''}/${name}`;

/**
 * The objects of the cluster, one resource version for all. With a folder, every change is one line of a log that a
 * later start reads back; a torn last line (killed while writing) is left out.
 */
export class ObjectStore {
  private readonly objects = new Map<string, KubeObject>();
  private readonly listeners = new Set<(event: StoreEvent) => void>();
  private history: StoreEvent[] = [];
  private forgottenUpTo = 0;
  private current = 1;
  private readonly file: string | undefined;

  constructor(folder?: string) {
    if (folder === undefined) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.file = join(folder, 'objects.jsonl');
    this.load(this.file);
  }

  get version(): number {
    return this.current;
  }

  get size(): number {
    return this.objects.size;
  }

  get(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    const found = this.objects.get(keyOf(resource, namespace, name));
    return found === undefined ? undefined : clone(found);
  }

  /** Copies of the objects of a kind, in the order of namespace and name. */
  list(resource: Resource, namespace?: string): KubeObject[] {
    const prefix = `${groupVersionOf(resource)}/${resource.kind}/${namespace === undefined ? '' : `${namespace}/`}`;
    const found = [...this.objects].filter(([key]) => key.startsWith(prefix));
    return found.sort(([left], [right]) => (left < right ? -1 : 1)).map(([, object]) => clone(object));
  }

  /** Every object, for owners and namespaces that go away. */
  all(): KubeObject[] {
    return [...this.objects.values()].map((object) => clone(object));
  }

  /** Keeps an object under the next resource version and tells the watchers. Returns a copy as kept. */
  put(resource: Resource, object: KubeObject): KubeObject {
    const kept = clone(object);
    this.current += 1;
    kept.metadata.resourceVersion = String(this.current);
    const key = keyOf(resource, kept.metadata.namespace, kept.metadata.name);
    const previous = this.objects.get(key);
    this.objects.set(key, kept);
    this.write({ put: kept });
    this.tell({
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      version: this.current,
      resource,
      object: kept,
      previous,
    });
    return clone(kept);
  }

  remove(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined {
    const key = keyOf(resource, namespace, name);
    const previous = this.objects.get(key);
    if (previous === undefined) return undefined;
    this.current += 1;
    this.objects.delete(key);
    this.write({ remove: key, version: this.current });
    const last = clone(previous);
    last.metadata.resourceVersion = String(this.current);
    this.tell({ type: 'DELETED', version: this.current, resource, object: last, previous });
    return last;
  }

  /** Calls back for every later change. Returns the way out. */
  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The changes after a version, or undefined when that is further back than the store remembers. */
  since(version: number): readonly StoreEvent[] | undefined {
    if (version < this.forgottenUpTo) return undefined;
    return this.history.filter((event) => event.version > version);
  }

  private tell(event: StoreEvent): void {
    this.history.push(event);
    if (this.history.length > HISTORY) {
      const dropped = this.history.splice(0, HISTORY / 2);
      this.forgottenUpTo = dropped.at(-1)?.version ?? this.forgottenUpTo;
    }
    for (const listener of [...this.listeners]) listener(event);
  }

  private write(line: object): void {
    if (this.file !== undefined) appendFileSync(this.file, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  }

  private load(file: string): void {
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
    for (const line of lines) {
      const entry = parsed(line);
      if (entry?.put !== undefined) {
        const { apiVersion, kind, metadata } = entry.put;
        const resource = resourceByKind(apiVersion, kind);
        if (resource !== undefined) this.objects.set(keyOf(resource, metadata.namespace, metadata.name), entry.put);
        this.current = Math.max(this.current, Number(metadata.resourceVersion));
      }
      if (entry?.remove !== undefined) this.objects.delete(entry.remove);
      this.current = Math.max(this.current, entry?.version ?? 0);
    }
    this.forgottenUpTo = this.current;
    // Written anew, so that the log does not grow from start to start.
    const fresh = [{ version: this.current }, ...[...this.objects.values()].map((put) => ({ put }))];
    writeFileSync(`${file}.new`, fresh.map((line) => `${JSON.stringify(line)}\n`).join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

function parsed(line: string): { put?: KubeObject; remove?: string; version?: number } | undefined {
  if (line === '') return undefined;
  try {
    return JSON.parse(line) as { put?: KubeObject; remove?: string; version?: number };
  } catch {
    return undefined;
  }
}
