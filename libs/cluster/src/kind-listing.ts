import { type Coverage, inParallel, isPlanwardenError, type PlanwardenError } from '@planwarden/contracts';
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

/** Lists under way at a time: a cluster answers many as soon as one, and one after the other they are most of a step. */
const AT_A_TIME = 6;
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
  const readings = await inParallel(AT_A_TIME, await placesOf(catalog, kinds, names), async (place) => {
    if ('error' in place) return place;
    try {
      return { ...place, found: await list({ ...place.kind, namespace: place.namespace }) };
    } catch (error) {
      return { kind: place.kind, error: ours(error) };
    }
  });
  for (const kind of kinds) {
    const ofKind = readings.filter((reading) => reading.kind === kind);
    const at = ofKind.findIndex((reading) => 'error' in reading);
    for (const reading of at === -1 ? ofKind : ofKind.slice(0, at)) {
      if ('error' in reading) continue;
      const { namespace, found } = reading;
      const inScope =
        kindName(kind) !== 'Namespace' ? found : found.filter((one) => matches(namespaces, one.metadata.name));
      objects.push(...inScope.map((one) => (kindName(kind) === 'Secret' ? (withoutValues(one) as LiveObject) : one)));
      if (namespace !== null) seen.add(namespace);
    }
    const broken = ofKind[at];
    if (broken === undefined || !('error' in broken)) read.push(kindName(kind));
    else {
      first ??= broken.error;
      failed.push({ kind: kindName(kind), reason: `${broken.error.code}: ${broken.error.message}` });
    }
  }
  if (read.length === 0 && first !== undefined) throw first;
  const coverage = { cluster, kindsRead: read.sort(), kindsFailed: failed, namespacesRead: [...seen].sort() };
  return { objects, coverage };
}

interface Place {
  readonly kind: KindRef;
  /** Null: the kind lies in no namespace. */
  readonly namespace: string | null;
}
interface Broken {
  readonly kind: KindRef;
  readonly error: PlanwardenError;
}

/** What has to be listed; which kinds lie in namespaces is asked one kind after the other, mostly of what is known. */
async function placesOf(
  catalog: KindCatalog,
  kinds: readonly KindRef[],
  names: readonly string[],
): Promise<(Place | Broken)[]> {
  const places: (Place | Broken)[] = [];
  for (const kind of kinds) {
    try {
      const { namespaced } = await catalog.find(kind);
      places.push(...(namespaced ? names : [null]).map((namespace) => ({ kind, namespace })));
    } catch (error) {
      places.push({ kind, error: ours(error) });
    }
  }
  return places;
}

/** A failure that belongs into the coverage; any other is thrown. */
function ours(error: unknown): PlanwardenError {
  if (!isPlanwardenError(error)) throw error;
  return error;
}

/** Plain names are taken as given; only a prefix needs the cluster's list. */
async function namesOf(list: ListObjects, namespaces: readonly string[]): Promise<string[]> {
  const plain = namespaces.filter((name) => !name.endsWith('*'));
  if (plain.length === namespaces.length) return [...new Set(plain)].sort();
  const live = (await list(NAMESPACE)).map(({ metadata }) => metadata.name);
  return [...new Set([...plain, ...live.filter((name) => matches(namespaces, name))])].sort();
}
