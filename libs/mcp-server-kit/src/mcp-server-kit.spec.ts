import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { PlanwardenError, silentLog } from '@planwarden/contracts';
import { z } from 'zod';
import { createHttpHandler, createMcpServer, defineTool, type HttpHandler, hostAndOriginGuard } from './index.js';

interface Asker {
  readonly who: string;
}

const greet = defineTool({
  name: 'greet',
  title: 'Greet',
  description: 'Greets.',
  annotations: { readOnlyHint: true },
  inputSchema: z.object({ name: z.string(), deep: z.strictObject({ a: z.number() }).optional() }),
  outputSchema: z.object({ greeting: z.string() }),
  handler: async ({ name }, context: Asker) => {
    if (name === 'ended') throw new PlanwardenError('RUN_ENDED', 'The run has ended.', { remedy: 'Start another.' });
    if (name === 'open') throw new PlanwardenError('RUN_NOT_ENDED', 'it goes on', { remedy: 'Wait for its end.' });
    if (name === 'crash') throw new Error('secret-stack-detail');
    return { structured: { greeting: `${name} from ${context.who}` } };
  },
});

/** More than the SDK takes where it is not told: a bound that is set holds in both eras. */
const MAX_BODY_BYTES = 5 * 1024 * 1024;

let http: Server;
let handler: HttpHandler;
let url: URL;

beforeAll(async () => {
  http = createServer((req, res) => void handler.handle(req, res));
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const host = `127.0.0.1:${address.port}`;
  url = new URL(`http://${host}/mcp`);
  handler = createHttpHandler({
    server: createMcpServer<Asker>({
      name: 'kit-test',
      version: '1',
      tools: [greet],
      prompts: [
        {
          name: 'plan',
          title: 'Plan',
          description: 'Plans.',
          arguments: z.object({ goal: z.string() }),
          render: async (args, context) => `${context.who}: ${String(args.goal)}`,
        },
      ],
      resources: [
        {
          name: 'rules',
          uri: 'kit://rules',
          title: 'Rules',
          description: 'Rules.',
          mimeType: 'text/plain',
          read: async (context) => `rules for ${context.who}`,
        },
      ],
      resourceTemplates: [
        {
          name: 'run',
          uriTemplate: 'kit://runs/{id}',
          title: 'Run',
          description: 'A run.',
          mimeType: 'application/json',
          list: async (context) => [{ uri: 'kit://runs/1', name: `run of ${context.who}` }],
          read: async ({ id }, context) => JSON.stringify({ id, who: context.who }),
        },
      ],
      contextFor: (auth) => ({ who: auth?.clientId ?? 'nobody' }),
      instructionsFor: (auth) => `You are ${auth?.clientId}.`,
      log: silentLog,
    }),
    guard: hostAndOriginGuard({ hosts: [host], origins: [] }),
    authenticate: async (request) => {
      const token = request.headers.get('authorization')?.replace(/^Bearer /, '');
      if (!token) throw new PlanwardenError('TOKEN_MISSING', 'No token.', { remedy: 'Send one.' });
      return { token, clientId: token, scopes: [] };
    },
    maxBodyBytes: MAX_BODY_BYTES,
    log: silentLog,
  });
});

afterAll(async () => {
  await handler.close();
  http.closeAllConnections();
  await new Promise((done) => http.close(done));
});

const headers = (token: string) => ({ requestInit: { headers: { authorization: `Bearer ${token}` } } });

async function modernClient(token = 'agent') {
  const client = new Client({ name: 't', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(url, headers(token)));
  return client;
}

async function legacyClient(token = 'agent') {
  const client = new Client({ name: 't', version: '1' }, { versionNegotiation: { mode: 'legacy' } });
  await client.connect(new StreamableHTTPClientTransport(url, headers(token)));
  return client;
}

async function oldClient(token = 'agent') {
  const client = new OldClient({ name: 't', version: '1' });
  // The old SDK's types were not made for exactOptionalPropertyTypes.
  await client.connect(new OldTransport(url, headers(token)) as Parameters<OldClient['connect']>[0]);
  return client;
}

describe.each([
  ['client 2.4, 2026-07-28', modernClient],
  ['client 2.4, 2025 era', legacyClient],
  ['sdk 1.32', oldClient],
])('%s', (_name, connect) => {
  test('lists and calls, knows who asks, refuses unknown arguments by name, hides unknown errors', async () => {
    const client = await connect();
    try {
      const { tools } = await client.listTools();
      expect(tools.map((tool) => tool.name)).toEqual(['greet']);
      expect(client.getInstructions()).toBe('You are agent.');
      expect(tools[0]?.inputSchema).toMatchObject({ additionalProperties: false, required: ['name'] });
      const call = (args: Record<string, unknown>) => client.callTool({ name: 'greet', arguments: args });
      expect((await call({ name: 'hi' })).structuredContent).toEqual({ greeting: 'hi from agent' });
      const unknown = await call({ name: 'hi', force: true });
      expect(unknown).toMatchObject({
        isError: true,
        structuredContent: { code: 'INPUT_INVALID', where: { field: 'force' } },
      });
      expect((await call({ name: 'hi', deep: { a: 1, b: 2 } })).structuredContent).toMatchObject({
        where: { field: 'deep.b' },
      });
      // Enough to send it again rightly.
      expect((await call({ who: 'hi' })).content).toEqual([
        {
          type: 'text',
          text: 'INPUT_INVALID: Arguments of greet: name is missing (string); who is no argument of this tool. Send it again: it needs name and takes deep.',
        },
      ]);
      expect((await call({ name: 7 })).structuredContent).toMatchObject({
        message: 'Arguments of greet: name: expected string, received number.',
        where: { field: 'name' },
      });
      // Clients that show only the text are told everything that is wrong, in sentences.
      expect((await call({ deep: { a: '1' } })).content).toEqual([
        {
          type: 'text',
          text: 'INPUT_INVALID: Arguments of greet: name is missing (string); deep.a: expected number, received string. Send it again: it needs name and takes deep.',
        },
      ]);
      expect((await call({ name: 'open' })).content).toEqual([
        { type: 'text', text: 'RUN_NOT_ENDED: it goes on. Wait for its end.' },
      ]);
      expect((await call({ name: 'ended' })).structuredContent).toMatchObject({
        code: 'RUN_ENDED',
        remedy: 'Start another.',
      });
      const crash = await call({ name: 'crash' });
      expect(crash).toMatchObject({ isError: true, structuredContent: { code: 'INTERNAL' } });
      expect(JSON.stringify(crash)).not.toContain('secret-stack-detail');
      const prompt = await client.getPrompt({ name: 'plan', arguments: { goal: 'ship' } });
      expect(prompt.messages[0]?.content).toMatchObject({ text: 'agent: ship' });
      const read = await client.readResource({ uri: 'kit://rules' });
      expect(read.contents[0]).toMatchObject({ text: 'rules for agent' });
      const one = await client.readResource({ uri: 'kit://runs/7' });
      expect(one.contents[0]).toMatchObject({ text: '{"id":"7","who":"agent"}' });
      expect((await client.listResources()).resources.map((found) => found.uri)).toContain('kit://runs/1');
    } finally {
      await client.close();
    }
  });
});

describe.each([
  ['client 2.4, 2026-07-28', modernClient],
  ['client 2.4, 2025 era', legacyClient],
])('%s', (_name, connect) => {
  test('takes a message up to the bound of the endpoint', async () => {
    const client = await connect();
    try {
      const name = 'x'.repeat(MAX_BODY_BYTES - 10_000);
      const { structuredContent } = await client.callTool({ name: 'greet', arguments: { name } });
      expect(structuredContent).toEqual({ greeting: `${name} from agent` });
    } finally {
      await client.close();
    }
  });

  test('names a tool and a prompt that are not there', async () => {
    const client = await connect();
    try {
      await expect(client.callTool({ name: 'wave', arguments: {} })).rejects.toThrow('Tool wave not found');
      await expect(client.getPrompt({ name: 'wave' })).rejects.toThrow('Prompt wave not found');
      expect(Object.keys(client.getServerCapabilities() ?? {}).sort()).toEqual(['prompts', 'resources', 'tools']);
    } finally {
      await client.close();
    }
  });
});

describe('the endpoint', () => {
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } },
  };
  const post = (body: unknown, extra: Record<string, string>) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...extra },
      body: JSON.stringify(body),
    });

  test('answers 401 without a token', async () => {
    const response = await post(initialize, {});
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await response.json()).toMatchObject({ code: 'TOKEN_MISSING' });
  });

  test('refuses a foreign web origin', async () => {
    const response = await post(initialize, { authorization: 'Bearer agent', origin: 'https://evil.example' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ code: 'ORIGIN_REFUSED' });
  });

  test('refuses a body over the limit', async () => {
    const response = await post(
      { ...initialize, padding: 'x'.repeat(MAX_BODY_BYTES) },
      { authorization: 'Bearer agent' },
    );
    expect(response.status).toBe(413);
  });

  test.each([
    ['no JSON', 'no JSON', {}, 400, -32_000],
    ['nothing', '', {}, 400, -32_000],
    ['no JSON in a session', '{', { 'mcp-session-id': 'unknown' }, 404, -32_001],
    ['null', 'null', {}, 400, -32_600],
  ])('refuses %s', async (_what, body, extra, status, code) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: 'Bearer agent',
        ...extra,
      },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  test('a session opens with the token of its owner only', async () => {
    const opened = await post(initialize, { authorization: 'Bearer agent' });
    await opened.text();
    const session = opened.headers.get('mcp-session-id');
    if (session === null) throw new Error('no session');
    const list = { jsonrpc: '2.0', id: 2, method: 'tools/list' };
    const of = (token: string) => post(list, { authorization: `Bearer ${token}`, 'mcp-session-id': session });
    const theirs = await of('other');
    await theirs.text();
    expect(theirs.status).toBe(404);
    const ours = await of('agent');
    await ours.text();
    expect(ours.status).toBe(200);
  });
});
