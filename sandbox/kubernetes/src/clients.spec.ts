import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  PatchStrategy,
} from '@kubernetes/client-node';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { SandboxKubernetes } from './index.js';
import { deployment, namespace, start, stopAll } from './sandbox.spec-kit.js';

let sandbox: SandboxKubernetes;
beforeAll(async () => {
  sandbox = await start();
  sandbox.control.apply(namespace('web'));
  sandbox.control.apply(deployment(3));
  await sandbox.control.settled();
});
afterAll(stopAll);

describe('@kubernetes/client-node', () => {
  test('reads, lists and applies', async () => {
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

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Resolves when the server answers its health route; rejects when it ends first. */
async function healthy(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`kubernetes-mcp-server ended with ${child.exitCode}`);
    const answered = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answered?.ok === true) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the real kubernetes-mcp-server', () => {
  let folder: string;
  let child: ChildProcess;
  let client: Client;
  let url: URL;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kubernetes-mcp-'));
    await writeFile(join(folder, 'kubeconfig'), sandbox.kubeconfig('reader'), { mode: 0o600 });
    const launcher = createRequire(import.meta.url).resolve('kubernetes-mcp-server/bin/index.js');
    const port = await freePort();
    child = spawn(
      process.execPath,
      [
        ...[launcher, '--port', String(port), '--bind-address', '127.0.0.1'],
        ...['--kubeconfig', join(folder, 'kubeconfig'), '--cluster-provider', 'kubeconfig'],
        ...['--disable-multi-cluster', '--read-only', '--stateless', '--list-output', 'yaml'],
      ],
      {
        stdio: 'ignore',
        env: { PATH: process.env.PATH, HOME: folder, KUBE_CLIENT_QPS: '1000', KUBE_CLIENT_BURST: '2000' },
      },
    );
    await healthy(port, child);
    client = new Client({ name: 'spec', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    // client-go sends no credentials of a kubeconfig over plain http; the token of the request it passes on.
    const headers = { authorization: 'Bearer read-token' };
    url = new URL(`http://127.0.0.1:${port}/mcp`);
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  });

  afterAll(async () => {
    await client.close();
    if (child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  });

  async function tool(name: string, args: Record<string, unknown>): Promise<{ isError: boolean; text: string }> {
    const result = await client.callTool({ name, arguments: args });
    const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
    return { isError: result.isError === true, text };
  }

  test('reads one object, with the status a roll-out left', async () => {
    const args = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'web', name: 'nginx' };
    const got = await tool('resources_get', args);
    expect(got.text).toContain('availableReplicas: 3');
    expect(got.isError).toBe(false);
  });

  test('lists objects and pods', async () => {
    const listed = await tool('resources_list', { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'web' });
    expect(listed).toMatchObject({ isError: false, text: expect.stringContaining('nginx') });
    const applications = await tool('resources_list', { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' });
    expect(applications.isError).toBe(false);
    const pods = await tool('pods_list_in_namespace', { namespace: 'web' });
    expect(pods.isError).toBe(false);
    expect(pods.text.match(/name: nginx-[0-9a-f]{10}-/g)?.length).toBeGreaterThanOrEqual(3);
  });

  test('may do nothing for a caller without a token', async () => {
    const params = { name: 'resources_list', arguments: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'web' } };
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    const text = await answer.text();
    expect(text).toContain('asked for the client to provide credentials');
    expect(text).toContain('"isError":true');
  });

  test('says in its own words that an object is absent', async () => {
    const missing = await tool('resources_get', { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'web', name: 'x' });
    expect(missing).toMatchObject({ isError: true, text: expect.stringContaining('not found') });
  });
});
