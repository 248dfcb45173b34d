import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { deployment, namespace, start, stopAll } from './sandbox.spec-kit.js';

interface McpServer {
  readonly url: URL;
  stop(): Promise<void>;
}

/** Below what systems hand out by themselves: nobody is given it between now and the start of the server. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}

/** Resolves when the server answers its health route; rejects when it ends first. */
async function healthy(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`kubernetes-mcp-server ended with ${child.exitCode}`);
    const answered = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    await answered?.text();
    if (answered?.ok === true) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The real server from npm, on loopback, with a kubeconfig. */
async function startMcpServer(kubeconfig: string): Promise<McpServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kubernetes-mcp-'));
  const file = join(folder, 'kubeconfig');
  await writeFile(file, kubeconfig, { mode: 0o600 });
  const launcher = createRequire(import.meta.url).resolve('kubernetes-mcp-server/bin/index.js');
  const port = await freePort();
  const flags = ['--disable-multi-cluster', '--read-only', '--stateless', '--list-output', 'yaml'];
  const child = spawn(
    process.execPath,
    [launcher, '--port', `${port}`, '--bind-address', '127.0.0.1', '--kubeconfig', file, ...flags],
    {
      stdio: 'ignore',
      env: { PATH: process.env.PATH, HOME: folder, KUBE_CLIENT_QPS: '1000', KUBE_CLIENT_BURST: '2000' },
    },
  );
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await healthy(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: new URL(`http://127.0.0.1:${port}/mcp`), stop };
}

const READ_TOKEN = { authorization: 'Bearer read-token' };

describe.each([
  // client-go sends no credentials of a kubeconfig over plain http; the token of a request it passes on.
  ['http, by the token of each request', { tls: false, user: 'powerless', headers: READ_TOKEN }],
  ['https, by the kubeconfig of a reader', { tls: true, user: 'reader', headers: {} }],
  ['https, by the token of each request', { tls: true, user: 'powerless', headers: READ_TOKEN }],
])('the real kubernetes-mcp-server over %s', (_name, { tls, user, headers }) => {
  let server: McpServer;
  let client: Client;

  beforeAll(async () => {
    const sandbox = await start({ tls });
    sandbox.control.apply(namespace('web'));
    sandbox.control.apply(deployment(3));
    await sandbox.control.settled();
    server = await startMcpServer(sandbox.kubeconfig(user));
    client = new Client({ name: 'spec', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(server.url, { requestInit: { headers } }));
  });
  afterAll(async () => {
    await client.close();
    await server.stop();
    await stopAll();
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
    expect(pods.text.match(/ name: nginx-[0-9a-f]{10}-\w{5}\n/g)?.length).toBe(3);
  });

  test('says in its own words that an object is absent', async () => {
    const missing = await tool('resources_get', { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'web', name: 'x' });
    expect(missing).toMatchObject({ isError: true, text: expect.stringContaining('not found') });
  });

  test('may do for a caller without a token only what its kubeconfig may', async () => {
    const params = { name: 'resources_list', arguments: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'web' } };
    const answer = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    });
    const refused = /asked for the client to provide credentials|is forbidden/.test(await answer.text());
    expect(refused).toBe(user === 'powerless');
  });
});
