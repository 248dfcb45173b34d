import { describe, expect, test } from '@jest/globals';
import type { Facts, GraphNode } from '@planwarden/contracts';
import { nodeName, reachedBy } from './blast-paths.js';

const node = (id: string): GraphNode => ({
  id,
  kind: 'K',
  name: id,
  namespace: 'shop',
  cluster: 'c',
  environment: null,
  properties: {},
  provenance: { source: 'import', run: null, observedAt: '' },
});
const deployment = 'k8s:c:apps/Deployment:shop:web';
const service = 'k8s:c:/Service:shop:web';
const ingress = 'k8s:c:networking.k8s.io/Ingress:shop:web';
const lonely = 'k8s:c:/ConfigMap:shop:other';
const facts: Facts = {
  version: 'facts/1',
  snapshot: 's',
  target: 't',
  environment: 'staging',
  coverage: { cluster: 'c', kindsRead: [], kindsFailed: [], namespacesRead: [] },
  related: [ingress, lonely, service, deployment].map(node),
  edges: [
    { from: service, to: deployment, kind: 'selects' },
    { from: ingress, to: service, kind: 'routes_to' },
  ],
  blastRadius: { affected: 2, notTracked: [] },
};

describe('blast radius', () => {
  test('nearest first, each with the path that explains it', () => {
    const reached = reachedBy(facts, [deployment, 'k8s:c:/Service:shop:new']);
    expect(reached.map((one) => [one.node.id, one.how])).toEqual([
      [deployment, 'touched'],
      [service, 'reached'],
      [ingress, 'reached'],
      [lonely, 'reached'],
    ]);
    expect(reached[2]?.path).toEqual([
      'Service shop/web selects Deployment shop/web',
      'Ingress shop/web routes to Service shop/web',
    ]);
    expect(reached[3]?.path).toEqual([]);
  });

  test('a ring of edges ends', () => {
    const ring = { ...facts, edges: [...facts.edges, { from: deployment, to: ingress, kind: 'uses' as const }] };
    expect(reachedBy(ring, [deployment])).toHaveLength(4);
  });

  test('names', () => {
    expect(nodeName('k8s:c:/Namespace:-:shop')).toBe('Namespace shop');
    expect(nodeName('strange')).toBe('strange');
  });
});
