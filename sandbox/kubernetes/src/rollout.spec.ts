import { afterAll, describe, expect, test } from '@jest/globals';
import type { KubeObject, SandboxKubernetes } from './index.js';
import { at } from './json.js';
import { deployment, namespace, start, stopAll } from './sandbox.spec-kit.js';

afterAll(stopAll);

async function rolledOut(object: KubeObject, options: Parameters<typeof start>[0] = {}): Promise<SandboxKubernetes> {
  const sandbox = await start(options);
  sandbox.control.apply(namespace('web'));
  sandbox.control.apply(object);
  await sandbox.control.settled();
  return sandbox;
}
const nginx = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'web', name: 'nginx' } as const;
const podsOf = (sandbox: SandboxKubernetes): KubeObject[] => sandbox.control.list('v1', 'Pod', 'web');
const isReady = (pod: KubeObject): boolean =>
  (at(pod, 'status', 'conditions') as { type: string; status: string }[]).some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  );
const conditionsOf = (sandbox: SandboxKubernetes): Record<string, string> =>
  Object.fromEntries(
    (at(sandbox.control.get(nginx), 'status', 'conditions') as { type: string; status: string }[]).map(
      ({ type, status }) => [type, status],
    ),
  );

describe('a Deployment', () => {
  test('gets a ReplicaSet and pods that become ready, and says so', async () => {
    const sandbox = await rolledOut(deployment(3));
    expect(sandbox.control.list('apps/v1', 'ReplicaSet', 'web')).toHaveLength(1);
    expect(podsOf(sandbox).filter(isReady)).toHaveLength(3);
    expect(sandbox.control.get(nginx)?.status).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect(conditionsOf(sandbox)).toEqual({ Available: 'True', Progressing: 'True' });
  });

  test('has pods that report image and imageID as a kubelet does', async () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const sandbox = await rolledOut(deployment(1, `nginx:1.29.0@${digest}`));
    const [pod] = podsOf(sandbox);
    expect((at(pod, 'status', 'containerStatuses') as unknown[])[0]).toMatchObject({
      image: `nginx:1.29.0@${digest}`,
      imageID: `docker.io/library/nginx@${digest}`,
      ready: true,
    });
  });

  test('rolls a new image out and keeps the old ReplicaSet empty', async () => {
    const sandbox = await rolledOut(deployment(3));
    sandbox.control.apply(deployment(3, 'nginx:1.30.0'));
    await sandbox.control.settled();
    const images = podsOf(sandbox).map((pod) => (at(pod, 'spec', 'containers') as { image: string }[])[0]?.image);
    expect(images).toEqual(Array(3).fill('nginx:1.30.0'));
    expect(at(sandbox.control.get(nginx), 'status', 'observedGeneration')).toBe(2);
    const sets = sandbox.control.list('apps/v1', 'ReplicaSet', 'web').map((set) => at(set, 'spec', 'replicas'));
    expect([...sets].sort()).toEqual([0, 3]);
  });

  test('of which only two of three pods come up is not available, until they may', async () => {
    const sandbox = await rolledOut(deployment(3), { rolloutPods: () => 2 });
    expect(podsOf(sandbox)).toHaveLength(2);
    expect(sandbox.control.get(nginx)?.status).toMatchObject({ readyReplicas: 2, unavailableReplicas: 1 });
    expect(conditionsOf(sandbox).Available).toBe('False');
    sandbox.control.setRolloutPods(undefined);
    await sandbox.control.settled();
    expect(podsOf(sandbox).filter(isReady)).toHaveLength(3);
    expect(conditionsOf(sandbox).Available).toBe('True');
  });

  test('whose image cannot be pulled never becomes ready', async () => {
    const sandbox = await rolledOut(deployment(1, 'nginx:missing'));
    const [pod] = podsOf(sandbox);
    expect(at(pod, 'status', 'phase')).toBe('Pending');
    expect(isReady(pod as KubeObject)).toBe(false);
    expect(conditionsOf(sandbox).Available).toBe('False');
  });

  test('that breaks the pod security of its namespace gets no pods and tells why', async () => {
    const sandbox = await start();
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    sandbox.control.apply({ ...namespace('web'), metadata: { name: 'web', labels } });
    sandbox.control.apply(deployment(1));
    await sandbox.control.settled();
    expect(podsOf(sandbox)).toEqual([]);
    expect(conditionsOf(sandbox).ReplicaFailure).toBe('True');
  });

  test('takes its pods along when it is deleted, and a deleted pod comes back', async () => {
    const sandbox = await rolledOut(deployment(2));
    const [pod] = podsOf(sandbox);
    const name = pod?.metadata.name ?? '';
    sandbox.control.remove({ apiVersion: 'v1', kind: 'Pod', namespace: 'web', name });
    await sandbox.control.settled();
    expect(podsOf(sandbox)).toHaveLength(2);
    expect(podsOf(sandbox).map(({ metadata }) => metadata.name)).not.toContain(name);
    sandbox.control.remove(nginx);
    await sandbox.control.settled();
    expect(podsOf(sandbox)).toEqual([]);
  });
});
