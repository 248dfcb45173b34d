import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { holds } from './mcp-clients.js';
import { BUILT_CLI, build, CLI, run } from './process.js';
import { hasEnded, startWorld, type World, waitsForApproval } from './world.js';

const HELLO = { capabilities: {}, clientInfo: { name: 't', version: '1' } };

describe('stdin and stdout', () => {
  let world: World;
  let empty: string;
  beforeAll(async () => {
    // In a fresh clone nobody may have; where the whole suite runs, start.spec.ts has, long before.
    if (!existsSync(BUILT_CLI)) build();
    world = await startWorld();
    // The program writes it; here the installation runs in this process.
    writeFileSync(join(world.folder, 'address.json'), JSON.stringify({ url: world.url }));
    empty = mkdtempSync(join(tmpdir(), 'planwarden-empty-'));
  });
  afterAll(async () => {
    rmSync(empty, { recursive: true, force: true });
    await world.stop();
  });

  const started = () => ({
    command: process.execPath,
    args: [CLI, 'mcp', '--data', world.folder],
    stderr: 'pipe' as const,
  });
  const isQuiet = () => world.at.app.journal.size === 0;

  async function modern() {
    const client = new Client({ name: 't', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
    await client.connect(new StdioClientTransport(started()));
    const updated: string[] = [];
    client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
    return {
      client,
      updated,
      follow: async (uri: string) => {
        const { close } = bound(await client.listen({ resourceSubscriptions: [uri] }));
        return close;
      },
    };
  }

  const bound = (listening: { close(): Promise<void> }) => ({ close: () => listening.close() });

  async function old() {
    const client = new OldClient({ name: 'old', version: '1' });
    // The old SDK's types were not made for exactOptionalPropertyTypes.
    await client.connect(new OldStdio(started()) as Parameters<OldClient['connect']>[0]);
    const updated: string[] = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => void updated.push(params.uri));
    return {
      client: client as unknown as Client,
      updated,
      follow: async (uri: string) => {
        await client.subscribeResource({ uri });
        return async () => {
          await client.unsubscribeResource({ uri });
        };
      },
    };
  }

  describe.each([
    ['2026-07-28', modern],
    ['2025 era, SDK 1.32', old],
  ])('planwarden mcp over stdin and stdout, %s', (_era, connect) => {
    test('tools, prompts, resources and notices are those of the endpoint', async () => {
      const { client, updated, follow } = await connect();
      try {
        expect(await client.listTools()).toMatchObject({
          tools: (await world.client.listTools()).tools.map(({ name }) => ({ name })),
        });
        expect((await client.getPrompt({ name: 'devops', arguments: {} })).messages).toHaveLength(1);
        const refused = await client.callTool({ name: 'get_run', arguments: { run: 'nonsense' } });
        expect(refused).toMatchObject({ isError: true, structuredContent: { where: { field: 'run' } } });
        await expect(client.readResource({ uri: 'planwarden://policies/none' })).rejects.toThrow('no rule');
        const id = await world.propose();
        await world.until(id, waitsForApproval);
        const uri = `planwarden://runs/${id}`;
        const stop = await follow(uri);
        await holds(() => !isQuiet());
        const canceled = await client.callTool({ name: 'cancel_run', arguments: { run: id } });
        expect(canceled.isError).not.toBe(true);
        await world.until(id, hasEnded);
        await holds(() => updated.includes(uri));
        await stop();
        const read = await client.readResource({ uri: `${uri}/log` });
        expect(JSON.stringify(read)).toContain('cancel asked for by agent:assistant');
      } finally {
        await client.close();
      }
      await holds(isQuiet);
    });
  });

  test('a client that pipes its messages in and ends at once gets every answer', async () => {
    const child = spawn(process.execPath, [CLI, 'mcp', '--data', world.folder], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [said, [code]] = await Promise.all([
      text(child.stdout),
      once(child, 'close'),
      child.stdin.end(
        [
          { id: 1, method: 'initialize', params: { ...HELLO, protocolVersion: '2025-11-25' } },
          { method: 'notifications/initialized' },
          { id: 2, method: 'tools/call', params: { name: 'get_run', arguments: { run: 'nonsense' } } },
        ]
          .map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
          .join(''),
      ),
    ]);
    expect(
      said
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { id: 1, result: { serverInfo: { name: 'planwarden' } } },
      { id: 2, result: { isError: true, structuredContent: { code: 'INPUT_INVALID' } } },
    ]);
    expect(code).toBe(0);
  });

  describe('planwarden mcp says in one line why it cannot', () => {
    const fails = async (...args: string[]) => {
      const running = run([CLI, 'mcp', ...args]);
      expect(await running.exit).toBe(1);
      expect(running.out()).toBe('');
      expect(running.plainErr()).toHaveLength(1);
      return running.plainErr()[0];
    };

    test('nothing runs', async () => {
      expect(await fails('--data', empty)).toMatch(/^OUTSIDE_UNAVAILABLE: .*npm start/);
      writeFileSync(join(empty, 'address.json'), '{"url":"http://127.0.0.1:1"}');
      writeFileSync(join(empty, 'agent-a.token'), 'pwa_abc\n');
      expect(await fails('--data', empty)).toMatch(/^OUTSIDE_UNAVAILABLE: .*npm start/);
    });

    test('the token: none, several, unreadable, unknown', async () => {
      const wrong = join(empty, 'wrong.token');
      writeFileSync(wrong, 'pwa_wrong\n');
      expect(await fails('--data', world.folder, '--token-file', wrong)).toMatch(/^TOKEN_INVALID: .*--token-file/);
      expect(await fails('--data', world.folder, '--token-file', join(empty, 'none'))).toMatch(/^CONFIG_INVALID: /);
      writeFileSync(join(empty, 'address.json'), JSON.stringify({ url: world.url }));
      writeFileSync(join(empty, 'agent-b.token'), 'pwa_abc\n');
      expect(await fails('--data', empty)).toMatch(/^CONFIG_INVALID: .*several agents.*--token-file/);
    });
  });
});
