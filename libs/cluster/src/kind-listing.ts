import { type Coverage, isPlanwardenError } from '@planwarden/contracts';
import type { KindCatalog, KindRef } from './kind-catalog.js';
import { type LiveObject, withoutValues } from './live-object.js';

export interface KindListing {
  /** Values of Secrets are replaced by marks. */
  readonly objects: readonly LiveObject[];
  readonly coverage: Coverage;
}

export interface ListQuery extends KindRef {
  /** Absent or null: all namespaces. */
  readonly namespace?: string | null;
  readonly labelSelector?: string;
}
export type ListObjects = (query: ListQuery) => Promise<LiveObject[]>;

/** `Pod`, `apps/Deployment`: kinds as coverage names them. */
export const kindName = ({ group, kind }: KindRef): string => (group === '' ? kind : `${group}/${kind}`);

const NAMESPACE: KindRef = { group: '', version: 'v1', kind: 'Namespace' };
const matches = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));

/**
 * Reads kinds in namespaces (names, or prefixes ending in `*`) and says what could not be read. A kind counts as read
 * only when it was read in every namespace. Cluster-scoped kinds are read whole, Namespace only where it is asked for.
 * @throws PlanwardenError of the first failure when nothing at all could be read
 */
export async function listKinds(
  cluster: string,
  catalog: KindCatalog,
  list: ListObjects,
  kinds: readonly KindRef[],
  namespaces: readonly string[],
): Promise<KindListing> {
  const names = await namesOf(list, namespaces);
  const objects: LiveObject[] = [];
  const read: string[] = [];
  const failed: { kind: string; reason: string }[] = [];
  const seen = new Set<string>();
  let first: unknown;
  for (const kind of kinds) {
    try {
      const { namespaced } = await catalog.find(kind);
      for (const namespace of namespaced ? names : [null]) {
        const found = await list({ ...kind, namespace });
        const inScope =
          kindName(kind) !== 'Namespace' ? found : found.filter((one) => matches(namespaces, one.metadata.name));
        objects.push(...inScope.map((one) => (kindName(kind) === 'Secret' ? (withoutValues(one) as LiveObject) : one)));
        if (namespace !== null) seen.add(namespace);
      }
      read.push(kindName(kind));
    } catch (error) {
      if (!isPlanwardenError(error)) throw error;
      first ??= error;
      failed.push({ kind: kindName(kind), reason: `${error.code}: ${error.message}` });
    }
  }
  if (read.length === 0 && first !== undefined) throw first;
  const coverage = { cluster, kindsRead: read.sort(), kindsFailed: failed, namespacesRead: [...seen].sort() };
  return { objects, coverage };
}

/** Plain names are taken as given; only a prefix needs the cluster's list. */
async function namesOf(list: ListObjects, namespaces: readonly string[]): Promise<string[]> {
  const plain = namespaces.filter((name) => !name.endsWith('*'));
  if (plain.length === namespaces.length) return [...new Set(plain)].sort();
  const live = (await list(NAMESPACE)).map(({ metadata }) => metadata.name);
  return [...new Set([...plain, ...live.filter((name) => matches(namespaces, name))])].sort();
}
