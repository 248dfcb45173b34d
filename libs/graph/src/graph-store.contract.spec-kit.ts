import { beforeEach, describe, expect, test } from '@jest/globals';
import type { BlastHit, Coverage, GraphEdge } from '@planwarden/contracts';
import { factsDigest, type GraphImport, type GraphStore, nodeIdOf, type SeenNode } from './index.js';

const CLUSTER = 'staging';
const NOW = '2026-11-20T08:00:00.000Z';
const LATER = '2026-11-20T09:00:00.000Z';

const GROUPS: Readonly<Record<string, string>> = { Deployment: 'apps', ReplicaSet: 'apps' };

export function node(kind: string, name: string, namespace: string | null = 'staging-shop'): SeenNode {
  const id = nodeIdOf(CLUSTER, { group: GROUPS[kind] ?? '', kind, namespace, name });
  return { id, kind, name, namespace, cluster: CLUSTER, environment: 'staging', properties: {} };
}

const [shop, pod, service, config] = [
  node('Deployment', 'shop'),
  node('Pod', 'shop-1'),
  node('Service', 'shop'),
  node('ConfigMap', 'shop-settings'),
];
const EDGES: GraphEdge[] = [
  { from: shop.id, to: pod.id, kind: 'owns' },
  { from: service.id, to: shop.id, kind: 'selects' },
  { from: shop.id, to: config.id, kind: 'mounts' },
];
const edge = (from: SeenNode, to: SeenNode, kind: GraphEdge['kind']): GraphEdge => ({ from: from.id, to: to.id, kind });
const hitKind = (hit: BlastHit): string => hit.node.kind;
const coverage = (kindsRead: string[]): Coverage => ({
  cluster: CLUSTER,
  kindsRead,
  kindsFailed: [],
  namespacesRead: ['staging-shop'],
});
const ALL = ['apps/Deployment', 'ConfigMap', 'Namespace', 'Pod', 'Service'];

function seen(nodes: SeenNode[], edges: GraphEdge[] = [], kinds = ALL): GraphImport {
  return { cluster: CLUSTER, nodes, edges, coverage: coverage(kinds), namespaces: ['staging-*'], observedAt: NOW };
}

/** What every GraphStore must do. @param empty gives a store without anything in it */
export function graphStoreContract(name: string, empty: () => Promise<GraphStore>): void {
  describe(`graph store: ${name}`, () => {
    let store: GraphStore;
    beforeEach(async () => {
      store = await empty();
      await store.importSnapshot(seen([shop, pod, service, config], EDGES));
    });

    test('gives back what was imported, with where it comes from', async () => {
      expect(await store.get(shop.id)).toEqual({
        ...shop,
        provenance: { source: 'import', run: null, observedAt: NOW },
      });
      expect(await store.get('k8s:staging:apps/Deployment:staging-shop:none')).toBeNull();
    });

    test('what is gone at the next import is gone, also with its whole namespace', async () => {
      await store.importSnapshot(seen([shop], []));
      expect(await store.get(pod.id)).toBeNull();
      await store.importSnapshot({ ...seen([]), coverage: { ...coverage(ALL), namespacesRead: [] } });
      expect(await store.get(shop.id)).toBeNull();
    });

    test('a kind that could not be read stays as it was', async () => {
      await store.importSnapshot(seen([shop], [], ['apps/Deployment']));
      expect(await store.get(service.id)).not.toBeNull();
    });

    test('an edge to a kind that could not be read stays too, until that kind is read again', async () => {
      const reached = async () => (await store.blastRadius(shop.id, { maxDepth: 5, limit: 50 })).hits.map(hitKind);
      expect(await reached()).toEqual(['Service', 'Pod']);
      await store.importSnapshot(
        seen([shop, config], [edge(shop, config, 'mounts')], ['apps/Deployment', 'ConfigMap']),
      );
      expect(await reached()).toEqual(['Service', 'Pod']);
      await store.importSnapshot(seen([shop, pod, service, config], []));
      expect(await reached()).toEqual([]);
    });

    test('an edge that its own resource no longer tells of is gone though its other end was not read', async () => {
      await store.importSnapshot(seen([shop], [], ['apps/Deployment']));
      expect((await store.blastRadius(config.id, { maxDepth: 5, limit: 50 })).hits).toEqual([]);
    });

    test('what lies outside the namespaces asked for is left alone', async () => {
      const other = node('Deployment', 'shop', 'production-shop');
      await store.importSnapshot({ ...seen([other]), namespaces: ['production-*'] });
      await store.importSnapshot(seen([]));
      expect(await store.get(other.id)).not.toBeNull();
    });

    test('search finds by part of a name, literally, in pages', async () => {
      const found = await store.search({ text: 'SHOP', limit: 2 });
      expect(found.nodes).toHaveLength(2);
      const rest = await store.search({ text: 'SHOP', limit: 10, cursor: found.next ?? '' });
      expect([...found.nodes, ...rest.nodes].map((one) => one.id).sort()).toEqual(
        [shop, pod, service, config].map((one) => one.id).sort(),
      );
      expect(rest.next).toBeNull();
      for (const text of ['sh%p', 'sho_', 'shop\\', "'"]) {
        expect((await store.search({ text, limit: 10 })).nodes).toEqual([]);
      }
      expect(
        (await store.search({ kind: 'Pod', namespace: 'staging-shop', environments: ['staging'], limit: 10 })).nodes,
      ).toHaveLength(1);
      expect(await store.search({ environments: ['production'], limit: 1 })).toEqual({ nodes: [], next: null });
    });

    test('blast radius explains each hit by its path, the nearest first', async () => {
      const found = await store.blastRadius(config.id, { maxDepth: 5, limit: 50 });
      expect(found.status).toBe('tracked');
      expect(found.hits.map(({ node: hit, depth }) => [hit.name, hit.kind, depth])).toEqual([
        ['shop', 'Deployment', 1],
        ['shop', 'Service', 2],
        ['shop-1', 'Pod', 2],
      ]);
      expect(found.hits[2]?.path.map((edge) => edge.kind)).toEqual(['mounts', 'owns']);
      expect(found.coverage.kindsRead).toEqual(ALL);
    });

    test('"not tracked" is told apart from "nothing depends on it"', async () => {
      const nothing = await store.blastRadius(pod.id, { maxDepth: 5, limit: 50 });
      expect(nothing).toMatchObject({ status: 'tracked', hits: [], truncated: false });
      const unknown = await store.blastRadius('k8s:staging:/Pod:staging-shop:none', { maxDepth: 5, limit: 50 });
      expect(unknown).toMatchObject({ status: 'not_tracked', hits: [] });
    });

    test('a cycle ends, and depth and number are held', async () => {
      const [a, b, c] = ['a', 'b', 'c'].map((name) => node('Deployment', name)) as [SeenNode, SeenNode, SeenNode];
      const owns = (from: SeenNode, to: SeenNode): GraphEdge => ({ from: from.id, to: to.id, kind: 'owns' });
      await store.importSnapshot(seen([a, b, c], [owns(a, b), owns(b, c), owns(c, a)]));
      expect((await store.blastRadius(a.id, { maxDepth: 9, limit: 9 })).hits).toHaveLength(2);
      expect(await store.blastRadius(a.id, { maxDepth: 1, limit: 9 })).toMatchObject({ truncated: true });
      const one = await store.blastRadius(a.id, { maxDepth: 9, limit: 1 });
      expect(one.hits).toHaveLength(1);
      expect(one.truncated).toBe(true);
    });

    test('facts count what is affected however far away, and agree with their snapshot while imports go on', async () => {
      const chain = Array.from({ length: 12 }, (_, at) => node('Deployment', `d${String(at).padStart(2, '0')}`));
      const links = chain.slice(1).map((one, at) => edge(chain[at] ?? one, one, 'owns'));
      const query = { target: 'staging', environment: 'staging', cluster: CLUSTER, ids: [chain[0]?.id ?? ''] };
      const full = await store.importSnapshot(seen(chain, links));
      expect((await store.facts(query)).blastRadius.affected).toBe(11);
      const sizes = new Map([[full.snapshot, 11]]);
      const importing = (async () => {
        for (let size = 1; size < 10; size += 1) {
          const { snapshot } = await store.importSnapshot(seen(chain.slice(0, size + 1), links.slice(0, size)));
          sizes.set(snapshot, size);
        }
      })();
      const read = await Promise.all(Array.from({ length: 30 }, () => store.facts(query)));
      await importing;
      for (const facts of read) expect(facts.blastRadius.affected).toBe(sizes.get(facts.snapshot));
    });

    test('a resource that is listed twice is kept once', async () => {
      await store.importSnapshot(seen([shop, { ...shop, properties: { replicas: 2 } }], [...EDGES, ...EDGES]));
      expect((await store.get(shop.id))?.properties).toEqual({ replicas: 2 });
    });

    test('what a run wrote keeps the run as its source when it is seen again', async () => {
      await store.writeBack({ run: 'run_1', nodes: [shop], edges: [], observedAt: NOW });
      await store.importSnapshot({ ...seen([shop, pod]), observedAt: LATER });
      expect((await store.get(shop.id))?.provenance).toEqual({ source: 'run', run: 'run_1', observedAt: LATER });
    });

    test('facts hold what is touched and what depends on it; looking again gives the same digest', async () => {
      const query = { target: 'staging', environment: 'staging', cluster: CLUSTER, ids: [config.id, 'k8s:none'] };
      const facts = await store.facts(query);
      expect(facts.related.map((one) => one.kind).sort()).toEqual(['ConfigMap', 'Deployment', 'Pod', 'Service']);
      expect(facts.blastRadius).toEqual({ affected: 3, notTracked: ['k8s:none'] });
      await store.importSnapshot({ ...seen([shop, pod, service, config], EDGES), observedAt: LATER });
      const again = await store.facts(query);
      expect(again.snapshot).not.toBe(facts.snapshot);
      expect(factsDigest(again)).toBe(factsDigest(facts));
      await store.importSnapshot(seen([shop, service, config], EDGES));
      expect(factsDigest(await store.facts(query))).not.toBe(factsDigest(facts));
    });
  });
}
