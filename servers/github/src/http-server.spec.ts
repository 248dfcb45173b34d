import { afterEach, describe, expect, test } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { silentLog } from '@planwarden/contracts';
import { readConfig } from './config.js';
import { createGitHubMcpServer, startHttpServer } from './index.js';

const bearerToken = 'a-token-of-this-test';
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function start() {
  const server = createGitHubMcpServer({ baseUrl: 'http://127.0.0.1:9', token: 't' });
  const started = await startHttpServer({ server, port: 0, bearerToken, log: silentLog });
  open.push(started);
  return started;
}

const post = (url: string, headers: Record<string, string>) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });

describe('over HTTP', () => {
  test('serves a client that has the token', async () => {
    const { url } = await start();
    const client = new Client({ name: 'test', version: '1' });
    const requestInit = { headers: { authorization: `Bearer ${bearerToken}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
    open.push(client);
    expect((await client.listTools()).tools).toHaveLength(12);
  });

  test('refuses callers without the token, and pages of other origins', async () => {
    const { url } = await start();
    expect((await post(url, {})).status).toBe(401);
    expect((await post(url, { authorization: 'Bearer another-token' })).status).toBe(401);
    const origin = { authorization: `Bearer ${bearerToken}`, origin: 'https://elsewhere.test' };
    expect((await post(url, origin)).status).toBe(403);
  });

  test('says that a port is taken', async () => {
    const { url } = await start();
    const server = createGitHubMcpServer({ baseUrl: 'http://127.0.0.1:9', token: 't' });
    const again = startHttpServer({ server, port: Number(new URL(url).port), bearerToken, log: silentLog });
    await expect(again).rejects.toMatchObject({ code: 'PORT_IN_USE' });
  });
});

describe('configuration', () => {
  const env = { GITHUB_PERSONAL_ACCESS_TOKEN: 'x', PLANWARDEN_GITHUB_MCP_TOKEN: bearerToken };

  test('is stdio on github.com unless told otherwise', () => {
    expect(readConfig([], env)).toEqual({ baseUrl: 'https://api.github.com', token: 'x', http: undefined });
    expect(readConfig(['--http', '--port', '0'], { ...env, GITHUB_API_URL: 'http://ghe.test/api/v3/' })).toEqual({
      baseUrl: 'http://ghe.test/api/v3',
      token: 'x',
      http: { port: 0, bearerToken },
    });
  });

  test.each([
    ['no token for GitHub', [], {}],
    ['HTTP without a token for callers', ['--http'], { GITHUB_PERSONAL_ACCESS_TOKEN: 'x' }],
    ['a short token for callers', ['--http'], { ...env, PLANWARDEN_GITHUB_MCP_TOKEN: 'short' }],
    ['a port out of range', ['--http', '--port', '70000'], env],
    ['an unknown argument', ['--listen'], env],
    ['an address that is none', [], { ...env, GITHUB_API_URL: 'github' }],
  ])('refuses %s', (_case, args, environment) => {
    expect(() => readConfig(args, environment)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});
