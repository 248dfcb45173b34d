import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { digestOf, type ObjectRef } from '@planwarden/contracts';
import { type SandboxKubernetes, startSandboxKubernetes } from '@planwarden/sandbox-kubernetes';
import { type ClusterClient, createClusterClient, isNamespaceMissing, normaliseLive } from './index.js';

const TOKENS = [
  { token: 'admin', user: 'admin', groups: ['system:masters'] },
  {
    token: 'read',
    user: 'reader',
    permissions: [
      { verbs: ['get', 'list'], resources: ['namespaces', 'nodes'] },
      { verbs: ['get', 'list'], resources: ['*'], namespaces: ['web', 'web-2', 'default'] },
    ],
  },
  // Not held to dry runs by the cluster: that nothing is written is then the client's own doing.
  { token: 'try', user: 'tryer', groups: ['system:masters'] },
  { token: 'none', user: 'powerless' },
];

let sandbox: SandboxKubernetes;
let cluster: ClusterClient;
const closing: Server[] = [];

const deployment = (replicas: number, image = 'nginx:1.29.0', namespace = 'web') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'nginx', namespace },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'nginx' } },
    template: { metadata: { labels: { app: 'nginx' } }, spec: { containers: [{ name: 'nginx', image }] } },
  },
});
const nginx: ObjectRef = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'web', name: 'nginx' };
const kind = (group: string, version: string, name: string) => ({ group, version, kind: name });
const client = (read: string, dryRun = 'tryer'): ClusterClient =>
  createClusterClient({ name: 'demo', read: sandbox.kubeconfig(read), dryRun: sandbox.kubeconfig(dryRun) });
const kubeconfigOf = (server: string): string =>
  sandbox.kubeconfig('reader').replace(/server: \S+/, `server: ${server}`);

beforeAll(async () => {
  sandbox = await startSandboxKubernetes({ tokens: TOKENS });
  cluster = client('reader');
  for (const name of ['web', 'web-2', 'other'])
    sandbox.control.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  sandbox.control.apply(deployment(3));
  await sandbox.control.settled();
});
afterAll(async () => {
  for (const server of closing) server.close();
  await sandbox.stop();
});

describe('get', () => {
  test('answers the live object with its status, and null where there is none', async () => {
    const live = await cluster.get(nginx);
    expect(live).toMatchObject({ kind: 'Deployment', status: { readyReplicas: 3 } });
    expect(live?.metadata.uid).toEqual(expect.any(String));
    expect(await cluster.get({ ...nginx, name: 'absent' })).toBeNull();
  });

  test('refuses a kind that is not served, a place that is wrong, and names that lead elsewhere', async () => {
    await expect(cluster.get({ ...nginx, kind: 'Gadget' })).rejects.toMatchObject({ code: 'RESOURCE_UNKNOWN' });
    await expect(cluster.get({ ...nginx, version: '../v1' })).rejects.toMatchObject({ code: 'RESOURCE_UNKNOWN' });
    await expect(cluster.get({ ...nginx, namespace: null })).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
    await expect(cluster.get({ ...nginx, name: '..' })).rejects.toMatchObject({ where: { field: 'metadata.name' } });
    await expect(cluster.get({ ...nginx, namespace: '..' })).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

describe('list', () => {
  test('brings all pages, by label', async () => {
    for (let index = 0; index < 620; index += 1)
      sandbox.control.apply({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `map-${index}`, namespace: 'web-2', labels: { half: index % 2 === 0 ? 'even' : 'odd' } },
      });
    const query = { ...kind('', 'v1', 'ConfigMap'), namespace: 'web-2' };
    expect(await cluster.list(query)).toHaveLength(620);
    expect(await cluster.list({ ...query, labelSelector: 'half=odd' })).toHaveLength(310);
  });

  test('gives every item its kind', async () => {
    const pods = await cluster.list({ ...kind('', 'v1', 'Pod'), namespace: 'web' });
    expect(pods.map((pod) => [pod.apiVersion, pod.kind])).toEqual(Array(3).fill(['v1', 'Pod']));
  });
});

describe('dryRunApply', () => {
  const everything = (): unknown => sandbox.control.list('apps/v1', 'Deployment');

  test('answers what would stand, with the defaults of the server, and writes nothing', async () => {
    const before = everything();
    const changed = await cluster.dryRunApply(deployment(5, 'nginx:1.30.0'), { fieldManager: 'planwarden' });
    expect(changed).toMatchObject({ spec: { replicas: 5, strategy: { type: 'RollingUpdate' } } });
    const created = await cluster.dryRunApply(
      { ...deployment(1), metadata: { name: 'new', namespace: 'web' } },
      { fieldManager: 'planwarden' },
    );
    expect(created.metadata.name).toBe('new');
    await sandbox.control.settled();
    expect(everything()).toEqual(before);
    const writes = sandbox.control.requests().filter(({ method }) => method !== 'GET');
    expect(writes.length).toBeGreaterThan(0);
    for (const { path } of writes) expect(new URL(path, 'http://x').searchParams.get('dryRun')).toBe('All');
  });

  test('names the fields the server does not accept, and nothing it said', async () => {
    const negative = cluster.dryRunApply(deployment(-1), { fieldManager: 'planwarden' });
    await expect(negative).rejects.toMatchObject({ code: 'MANIFEST_INVALID', where: { field: 'spec.replicas' } });
    const spec = { ...deployment(1).spec, replica: 1 };
    const misspelt = cluster.dryRunApply({ ...deployment(1), spec }, { fieldManager: 'planwarden' });
    await expect(misspelt).rejects.toMatchObject({ code: 'MANIFEST_INVALID', where: { field: 'spec.replica' } });
    const mistyped = { ...deployment(1), spec: { ...deployment(1).spec, replicas: 'three' } };
    await expect(cluster.dryRunApply(mistyped, { fieldManager: 'planwarden' })).rejects.toMatchObject({
      code: 'MANIFEST_INVALID',
      where: { field: 'spec.replicas' },
    });
    await expect(cluster.dryRunApply({ kind: 'x' }, { fieldManager: 'p' })).rejects.toMatchObject({
      where: { field: 'apiVersion' },
    });
  });

  test('tells a namespace that is not there apart', async () => {
    const error: unknown = await cluster
      .dryRunApply(deployment(1, 'nginx:1', 'nowhere'), { fieldManager: 'planwarden' })
      .catch((caught: unknown) => caught);
    expect(isNamespaceMissing(error)).toBe(true);
    expect(isNamespaceMissing(new Error('other'))).toBe(false);
  });

  test('uses the dry-run credential', async () => {
    const held = client('reader', 'powerless').dryRunApply(deployment(1), { fieldManager: 'planwarden' });
    await expect(held).rejects.toMatchObject({ code: 'OUTSIDE_REFUSED', failure: 'final' });
  });
});

test('speaks https with the authority of the kubeconfig', async () => {
  const secure = await startSandboxKubernetes({ tokens: TOKENS, tls: true });
  try {
    const [read, dryRun] = [secure.kubeconfig('reader'), secure.kubeconfig('tryer')];
    const ref: ObjectRef = { group: '', version: 'v1', kind: 'Namespace', namespace: null, name: 'default' };
    expect(await createClusterClient({ name: 'demo', read, dryRun }).get(ref)).toMatchObject({ kind: 'Namespace' });
    const untrusted = read.replace(/certificate-authority-data: \S+/, '');
    const lost = createClusterClient({ name: 'demo', read: untrusted, dryRun }).get(ref);
    await expect(lost).rejects.toMatchObject({ code: 'OUTSIDE_UNAVAILABLE' });
  } finally {
    await secure.stop();
  }
});

describe('listKinds', () => {
  test('says what was read and what was not', async () => {
    sandbox.control.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: 'web' },
      stringData: { password: 'hunter2-very-secret' },
    });
    const kinds = [
      kind('', 'v1', 'Namespace'),
      kind('apps', 'v1', 'Deployment'),
      kind('', 'v1', 'Secret'),
      kind('', 'v1', 'PersistentVolume'),
      kind('example.org', 'v1', 'Gadget'),
    ];
    const { objects, coverage } = await cluster.listKinds(kinds, ['web*']);
    expect(coverage).toEqual({
      cluster: 'demo',
      kindsRead: ['Namespace', 'Secret', 'apps/Deployment'],
      kindsFailed: [
        { kind: 'PersistentVolume', reason: expect.stringContaining('OUTSIDE_REFUSED') },
        { kind: 'example.org/Gadget', reason: expect.stringContaining('does not serve') },
      ],
      namespacesRead: ['web', 'web-2'],
    });
    const named = objects.map((object) => `${object.kind}/${object.metadata.name}`);
    expect(named).toEqual(expect.arrayContaining(['Namespace/web', 'Deployment/nginx', 'Secret/key']));
    expect(named).not.toContain('Namespace/other');
    expect(JSON.stringify(objects)).not.toContain(Buffer.from('hunter2-very-secret').toString('base64'));
  });

  test('counts a kind as failed when one namespace refused it', async () => {
    const { coverage } = await cluster.listKinds(
      [kind('', 'v1', 'Namespace'), kind('', 'v1', 'Pod')],
      ['web', 'other'],
    );
    expect(coverage.kindsFailed.map((one) => one.kind)).toEqual(['Pod']);
    expect(coverage.namespacesRead).toEqual([]);
  });

  test('fails as a whole when nothing could be read', async () => {
    const reading = client('powerless').listKinds([kind('', 'v1', 'Pod')], ['web']);
    await expect(reading).rejects.toMatchObject({ code: 'OUTSIDE_REFUSED' });
  });
});

describe('failures', () => {
  test('of the API server are retryable', async () => {
    for (const code of [500, 503, 429]) {
      sandbox.control.setOutage(code);
      await expect(cluster.get(nginx)).rejects.toMatchObject({ code: 'OUTSIDE_UNAVAILABLE', failure: 'retryable' });
    }
    sandbox.control.setOutage(undefined);
    const nobody = kubeconfigOf('http://127.0.0.1:1');
    const lost = createClusterClient({ name: 'demo', read: nobody, dryRun: nobody });
    await expect(lost.get(nginx)).rejects.toMatchObject({ code: 'OUTSIDE_UNAVAILABLE', failure: 'retryable' });
  });

  test('of silence come after the deadline', async () => {
    const mute = await serve(() => undefined);
    const waiting = createClusterClient({ name: 'demo', read: mute, dryRun: mute, timeoutMs: 50 });
    await expect(waiting.get(nginx)).rejects.toMatchObject({ code: 'OUTSIDE_UNAVAILABLE' });
  });

  test('of the credential and of strange servers are final, and name no secret', async () => {
    await expect(client('powerless').get(nginx)).rejects.toMatchObject({ code: 'OUTSIDE_REFUSED', failure: 'final' });
    const strange = await serve(() => '<html>token=abc</html>');
    const odd = createClusterClient({ name: 'demo', read: strange, dryRun: strange });
    const error = await odd.get(nginx).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'OUTSIDE_ANSWER_INVALID', failure: 'final' });
    expect(String(error)).not.toContain('abc');
  });

  test('of a kubeconfig show when the client is made', () => {
    for (const bad of ['', 'not: a kubeconfig', '{', 'clusters: [{name: a, cluster: {server: secret-text}}]'])
      expect(() => createClusterClient({ name: 'demo', read: bad, dryRun: bad })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
  });

  /** A server that is no Kubernetes; undefined: it never answers. */
  async function serve(answer: () => string | undefined): Promise<string> {
    const server = createServer((_request, response) => {
      const text = answer();
      if (text !== undefined) response.end(text);
    });
    closing.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return kubeconfigOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
});

describe('normaliseLive', () => {
  test('keeps its digest when only the cluster moved the object', async () => {
    const before = await cluster.get(nginx);
    sandbox.control.setRolloutPods(() => 1);
    await sandbox.control.settled();
    const after = await cluster.get(nginx);
    sandbox.control.setRolloutPods(undefined);
    await sandbox.control.settled();
    expect(after?.metadata.resourceVersion).not.toBe(before?.metadata.resourceVersion);
    expect(digestOf(normaliseLive(after ?? {}))).toBe(digestOf(normaliseLive(before ?? {})));
    expect(normaliseLive(before ?? {})).not.toHaveProperty('status');
    expect(before).toHaveProperty('status');
    sandbox.control.apply(deployment(4));
    await sandbox.control.settled();
    const scaled = await cluster.get(nginx);
    expect(digestOf(normaliseLive(scaled ?? {}))).not.toBe(digestOf(normaliseLive(before ?? {})));
  });

  test('shows that a value of a Secret changed, and not the value', () => {
    const secret = (password: string) => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'key',
        annotations: { 'kubectl.kubernetes.io/last-applied-configuration': `{"password":"${password}"}` },
      },
      data: { password },
    });
    const one = normaliseLive(secret('b25l'));
    expect(JSON.stringify(one)).not.toContain('b25l');
    expect(one.data).toEqual({ password: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(digestOf(one)).not.toBe(digestOf(normaliseLive(secret('dHdv'))));
  });
});
