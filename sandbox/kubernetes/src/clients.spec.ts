import { afterAll, describe, expect, test } from '@jest/globals';
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from '@kubernetes/client-node';
import { deployment, namespace, start, stopAll } from './sandbox.spec-kit.js';

afterAll(stopAll);

describe.each([
  ['http', false],
  ['https', true],
] as const)('@kubernetes/client-node over %s', (scheme, tls) => {
  test('reads, lists and applies', async () => {
    const sandbox = await start({ tls });
    expect(sandbox.url).toMatch(new RegExp(`^${scheme}://127\\.0\\.0\\.1:`));
    sandbox.control.apply(namespace('web'));
    sandbox.control.apply(deployment(3));
    await sandbox.control.settled();
    const config = new KubeConfig();
    config.loadFromString(sandbox.kubeconfig('admin'));
    const apps = config.makeApiClient(AppsV1Api);
    const read = await apps.readNamespacedDeployment({ namespace: 'web', name: 'nginx' });
    expect(read.status?.availableReplicas).toBe(3);
    const pods = await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace: 'web' });
    expect(pods.items).toHaveLength(3);
    const objects = KubernetesObjectApi.makeApiClient(config);
    const map: KubernetesObject & { data: Record<string, string> } = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'by-client', namespace: 'web' },
      data: { a: '1' },
    };
    await objects.patch(map, undefined, undefined, 'spec', true, PatchStrategy.ServerSideApply);
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'web', name: 'by-client' };
    expect(sandbox.control.get(ref)?.data).toEqual({ a: '1' });
  });
});

test('a certificate is trusted only through its kubeconfig', async () => {
  const sandbox = await start({ tls: true });
  await expect(fetch(`${sandbox.url}/readyz`)).rejects.toThrow();
});
