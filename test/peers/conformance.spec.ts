import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { silentLog } from '@planwarden/contracts';
import { createHttpHandler, type HttpHandler, hostAndOriginGuard } from '@planwarden/mcp-server-kit';
import { startWorld, type World } from '../e2e/world.js';
import { conformanceServer } from './conformance-fixture.js';

/** Failures we know, each with the issue it waits for upstream. One that passes fails here. */
const EXPECTED = fileURLToPath(new URL('./conformance-expected.yml', import.meta.url));
/** What the product is asked beside: scenarios that need no tools made for them. */
const OF_PRODUCT: readonly (readonly [revision: string, scenarios: readonly string[]])[] = [
  [
    '2025-11-25',
    [
      'server-initialize',
      'server-session-lifecycle',
      'ping',
      'tools-list',
      'resources-list',
      'prompts-list',
      'dns-rebinding-protection',
    ],
  ],
  [
    '2026-07-28',
    [
      'tools-list',
      'resources-list',
      'prompts-list',
      'sep-2164-resource-not-found',
      'caching',
      'dns-rebinding-protection',
      'http-header-validation',
    ],
  ],
];

let suite: { readonly node: string; readonly cli: string };
let results: string;
let fixture: { readonly url: string; close(): Promise<void> };
let world: World;
let product: { readonly url: string; close(): Promise<void> };

beforeAll(async () => {
  const installer = new URL('../../scripts/peers/conformance.mjs', import.meta.url).href;
  const { ensureConformance }: { ensureConformance: () => typeof suite } = await import(installer);
  suite = ensureConformance();
  results = mkdtempSync(join(tmpdir(), 'planwarden-conformance-'));
  fixture = await serveFixture();
  world = await startWorld();
  product = await withToken(world);
}, 600_000);
afterAll(async () => {
  await fixture?.close();
  await product?.close();
  await world?.stop();
  if (results) rmSync(results, { recursive: true, force: true });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function closing(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((done) => server.close(() => done()));
}

/** Our kit behind our endpoint, with the tools that the suite wants to see. */
async function serveFixture() {
  let handler: HttpHandler;
  const http = createServer((request, response) => void handler.handle(request, response));
  const port = await listen(http);
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  handler = createHttpHandler({
    server: conformanceServer(),
    guard: hostAndOriginGuard({ hosts, origins: hosts.map((host) => `http://${host}`) }),
    authenticate: async () => undefined,
    maxBodyBytes: 1_000_000,
    log: silentLog,
  });
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      await handler.close();
      await closing(http);
    },
  };
}

/** The product's endpoint for a suite that knows no tokens: every request gets the agent's on its way. */
async function withToken(at: World) {
  const own = new URL(at.url);
  const http = createServer((request, response) => {
    const renamed = (value: string) => value.replace(`:${port}`, `:${own.port}`);
    const { host = '', origin } = request.headers;
    const headers = {
      ...request.headers,
      host: renamed(host),
      ...(origin === undefined ? {} : { origin: renamed(origin) }),
      authorization: `Bearer ${at.agentToken}`,
    };
    const onward = httpRequest(
      { host: own.hostname, port: own.port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  const port = await listen(http);
  return { url: `http://127.0.0.1:${port}/mcp`, close: () => closing(http) };
}

/** Runs the suite; everything it says, and how it ended. */
async function conform(...args: string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(suite.node, [suite.cli, 'server', '--output-dir', results, ...args], {
    cwd: results,
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number | null>((done) => child.once('close', done));
  return { code, said };
}

/** A scenario's own line in the report of a whole set. */
const LINE = /^[✓✗] (\S+): (\d+) passed, (\d+) failed$/gm;

/** Scenarios of a set by how they ended; one whose checks were all skipped counts as skipped. */
function counted(said: string) {
  const all = [...said.matchAll(LINE)].map(([, name = '', passed, failed]) => ({
    name,
    passed: Number(passed),
    failed: Number(failed),
  }));
  return {
    passed: all.filter((one) => one.failed === 0 && one.passed > 0).map((one) => one.name),
    failed: all.filter((one) => one.failed > 0).map((one) => one.name),
    skipped: all.filter((one) => one.failed === 0 && one.passed === 0).map((one) => one.name),
  };
}

const tell = (line: string) => process.stderr.write(`conformance: ${line}\n`);

/**
 * What a revision runs and does not require, and our fixture has no tools for: these fail, and are told. Of the tasks
 * those that want what ours never do: ask their client, be demanded, end with a protocol error.
 */
const NOT_REQUIRED: Readonly<Record<string, readonly string[]>> = {
  '2025-11-25': ['json-schema-2020-12'],
  '2026-07-28': [
    'http-custom-header-server-validation',
    'json-schema-2020-12',
    'tasks-dispatch-and-envelope',
    'tasks-lifecycle',
    'tasks-mrtr-composition',
    'tasks-mrtr-input',
    'tasks-required-task-error',
  ],
};

describe('our kit and our endpoint, with the tools that the suite wants to see', () => {
  test.each([
    ['2025-11-25', 30],
    ['2026-07-28', 37],
  ])('do all that revision %s requires', async (revision, required) => {
    const { code, said } = await conform(
      '--url',
      fixture.url,
      '--requirements',
      revision,
      '--expected-failures',
      EXPECTED,
    );
    const { passed, failed, skipped } = counted(said);
    tell(
      `fixture ${revision}: ${passed.length} passed, ${failed.length} failed (not required), ${skipped.length} skipped`,
    );
    if (failed.length > 0) tell(`fixture ${revision}, failed and not required: ${failed.join(', ')}`);
    if (skipped.length > 0) tell(`fixture ${revision}, skipped: ${skipped.join(', ')}`);
    expect([...failed].sort()).toEqual(NOT_REQUIRED[revision]);
    expect(passed.length).toBeGreaterThanOrEqual(required);
    expect(code).toBe(0);
  });
});

describe.each(OF_PRODUCT)('the endpoint of the product, revision %s', (revision, scenarios) => {
  test.each(scenarios)('%s', async (scenario) => {
    const { code, said } = await conform('--url', product.url, '--spec-version', revision, '--scenario', scenario);
    const [, passed = '0', all = '0'] = /Passed: (\d+)\/(\d+), 0 failed/.exec(said) ?? [];
    tell(`product ${revision} ${scenario}: ${passed} of ${all} checks passed`);
    expect({ code, passed: Number(passed) }).toEqual({ code: 0, passed: Number(all) });
    expect(Number(all)).toBeGreaterThan(0);
  });
});
