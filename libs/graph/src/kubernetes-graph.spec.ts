import { describe, expect, test } from '@jest/globals';
import { type GraphImport, type GraphStore, importCluster, kubernetesToGraph } from './index.js';

const labels = { app: 'shop' };
const meta = (name: string, more: object = {}) => ({ name, namespace: 'staging-shop', ...more });
const OBJECTS = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'staging-shop' } },
  {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: meta('shop', {
      annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:staging-shop/shop' },
    }),
    spec: {
      replicas: 3,
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'shop',
          containers: [
            {
              name: 'web',
              image: 'example.test/shop:1.2.3',
              env: [
                { name: 'PASSWORD', value: 'planted-secret-value' },
                { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'shop-token', key: 'token' } } },
              ],
            },
          ],
          initContainers: [{ name: 'prepare', envFrom: [{ configMapRef: { name: 'prepare-settings' } }] }],
          volumes: [
            { name: 'settings', configMap: { name: 'shop-settings' } },
            { name: 'all', projected: { sources: [{ secret: { name: 'shop-certificate' } }] } },
          ],
        },
      },
    },
    status: { readyReplicas: 2 },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: meta('shop-1', {
      labels,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'shop-7d' }],
    }),
    spec: { containers: [{ name: 'web', image: 'example.test/shop:1.2.3' }] },
    status: { phase: 'Running' },
  },
  { apiVersion: 'v1', kind: 'Service', metadata: meta('shop'), spec: { selector: labels, ports: [{ port: 80 }] } },
  { apiVersion: 'v1', kind: 'Service', metadata: meta('outside'), spec: {} },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: meta('guard'), spec: { podSelector: {} } },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: meta('shop'),
    spec: {
      defaultBackend: { service: { name: 'fallback' } },
      rules: [{ http: { paths: [{ backend: { service: { name: 'shop' } } }] } }],
      tls: [{ secretName: 'shop-tls' }],
    },
  },
  { apiVersion: 'v1', kind: 'Secret', metadata: meta('shop-token'), data: { token: 'cGxhbnRlZA==' } },
  {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace: 'argocd' },
    spec: { source: { path: 'environments/staging/shop' } },
    status: { sync: { status: 'Synced' } },
  },
];

describe('a cluster as a graph', () => {
  const { nodes, edges } = kubernetesToGraph(OBJECTS, { cluster: 'staging', environmentOf: () => 'staging' });
  const short = (id: string) => id.replace(/^k8s:staging:/, '').replace(/:(staging-shop|argocd|-):/, ':');
  const lines = edges.map((edge) => `${short(edge.from)} ${edge.kind} ${short(edge.to)}`);

  test.each([
    '/Namespace:staging-shop contains apps/Deployment:shop',
    'apps/ReplicaSet:shop-7d owns /Pod:shop-1',
    '/Service:shop selects apps/Deployment:shop',
    '/Service:shop selects /Pod:shop-1',
    'networking.k8s.io/NetworkPolicy:guard guards apps/Deployment:shop',
    'networking.k8s.io/Ingress:shop routes_to /Service:shop',
    'apps/Deployment:shop mounts /ConfigMap:shop-settings',
    'apps/Deployment:shop mounts /Secret:shop-token',
    'apps/Deployment:shop mounts /ConfigMap:prepare-settings',
    'apps/Deployment:shop mounts /Secret:shop-certificate',
    'networking.k8s.io/Ingress:shop routes_to /Service:fallback',
    'networking.k8s.io/Ingress:shop mounts /Secret:shop-tls',
    'apps/Deployment:shop uses /ServiceAccount:shop',
    'argoproj.io/Application:shop manages apps/Deployment:shop',
  ])('%s', (line) => {
    expect(lines).toContain(line);
  });

  test('a Service without a selector selects nothing', () => {
    expect(lines.filter((line) => line.startsWith('/Service:outside'))).toEqual([]);
  });

  test('keeps images, replicas and ports, and no value of a secret or variable', () => {
    const shop = nodes.find((node) => node.kind === 'Deployment');
    expect(shop?.properties).toEqual({ replicas: 3, readyReplicas: 2, images: ['example.test/shop:1.2.3'] });
    expect(JSON.stringify(nodes)).not.toMatch(/planted|cGxhbnRlZA/);
  });

  test('an import hands on what was covered', async () => {
    const imports: GraphImport[] = [];
    const store = {
      importSnapshot: async (seen: GraphImport) => {
        imports.push(seen);
        return { snapshot: 'snap_1' };
      },
    } as Pick<GraphStore, 'importSnapshot'> as GraphStore;
    const coverage = { cluster: 'staging', kindsRead: ['Pod'], kindsFailed: [], namespacesRead: ['staging-shop'] };
    const found = await importCluster({
      reader: { listKinds: async () => ({ objects: [], coverage }) },
      store,
      cluster: 'staging',
      kinds: [{ group: '', version: 'v1', kind: 'Pod' }],
      namespaces: ['staging-*'],
      environmentOf: () => 'staging',
    });
    expect(found.snapshot).toBe('snap_1');
    expect(imports[0]).toMatchObject({ coverage, namespaces: ['staging-*'] });
  });
});
