import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig } from '@planwarden/orchestrator';
import {
  build,
  CLI,
  isAlive,
  isTaken,
  MAIN,
  processesBelow,
  processesOf,
  type Running,
  ready,
  run,
  start,
  threeFreePorts,
  until,
} from './process.js';

const STACK = /^\s+at |node:internal|Node\.js v/m;
const base = mkdtempSync(join(tmpdir(), 'planwarden-start-'));
// As root the database runs as nobody, which has to pass the folders above its own.
chmodSync(base, 0o711);
/** Whether this machine has the other address of loopback. */
const hasSixth = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const folder = (name: string): string => join(base, name);
const started: Running[] = [];
const launch = (data: string, port: number, group = false): Running => {
  const running = start(data, port, group);
  started.push(running);
  return running;
};

beforeAll(() => build());

afterAll(async () => {
  for (const { child, exit } of started) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    await exit;
  }
  rmSync(base, { recursive: true, force: true });
});

/** It ended with code 1 after exactly one line, and left neither process nor port. */
async function expectRefusal(running: Running, data: string, line: RegExp): Promise<void> {
  expect(await running.exit).toBe(1);
  expect(running.plainErr()).toEqual([expect.stringMatching(line)]);
  expect(running.err()).not.toMatch(STACK);
  expect(running.out()).toBe('');
  expect(processesOf(data)).toEqual([]);
}

describe('one installation, from its first start to the death of its database', () => {
  const data = folder('one');
  let port: number;
  let url: string;
  /** Where people open the pages: browsers take passkeys for names. */
  let pages: string;
  let now: Running;
  let below: number[];
  let cookie: string;
  let linkAtStart: string;
  beforeAll(async () => {
    port = await threeFreePorts();
    url = `http://127.0.0.1:${port}`;
    pages = `http://localhost:${port}`;
  });

  const spend = (link: string): Promise<Response> =>
    fetch(`${url}/api/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: link.split('#')[1] }),
    });
  const get = async (path: string) => {
    const answer = await fetch(`${url}${path}`, { headers: { cookie } });
    return { status: answer.status, body: (await answer.json()) as { runs: { id: string }[]; person: { id: string } } };
  };

  test('the first start writes its configuration and prints where everything is', async () => {
    now = launch(data, port, true);
    const printed = await ready(now);
    expect(statSync(join(data, 'planwarden.yaml')).mode & 0o777).toBe(0o600);
    expect(statSync(join(data, 'secrets.json')).mode & 0o777).toBe(0o600);
    const token = readFileSync(join(data, 'agent-assistant.token'), 'utf8').trim();
    expect(readFileSync(join(data, 'planwarden.yaml'), 'utf8')).not.toContain(token);
    expect(printed).toContain(`Web             ${pages}\n`);
    expect(printed).toContain(`MCP             ${url}/mcp\n`);
    // As it stands there it has to find this installation.
    expect(printed).toContain(`another: npm exec -- planwarden sign-in <person> --data ${data})`);
    linkAtStart = /Sign in {9}(\S+)/.exec(printed)?.[1] ?? '';
    expect(linkAtStart.startsWith(`${pages}/sign-in#`)).toBe(true);
    const client = JSON.parse(printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1)) as unknown;
    expect(client).toEqual({
      mcpServers: { planwarden: { type: 'http', url: `${url}/mcp`, headers: { Authorization: `Bearer ${token}` } } },
    });
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(now.err()).not.toContain(token);
  });

  test('a page opened at the address goes on under the name, which is nobody else on either address of loopback', async () => {
    const opened = await fetch(`${url}/runs?state=applied`, { redirect: 'manual' });
    expect([opened.status, opened.headers.get('location')]).toEqual([307, `${pages}/runs?state=applied`]);
    expect((await fetch(`${pages}/runs`, { redirect: 'manual' })).status).not.toBe(307);
    const other = await fetch(`http://[::1]:${port}/readyz`).then(
      ({ status }) => status,
      () => null,
    );
    expect(other).toBe(hasSixth ? 200 : null);
  });

  test('its link signs a person in, who asks for a change', async () => {
    const answer = await spend(linkAtStart);
    expect(answer.status).toBe(201);
    cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const { csrfToken } = (await answer.json()) as { csrfToken: string };
    const asked = await fetch(`${url}/api/v1/runs`, {
      method: 'POST',
      headers: { cookie, 'x-csrf-token': csrfToken, 'content-type': 'application/json' },
      body: JSON.stringify({
        target: 'staging',
        title: 'Run nginx',
        template: {
          name: 'web-application',
          parameters: { name: 'nginx', image: 'nginxinc/nginx-unprivileged:1.27.3' },
        },
      }),
    });
    expect(asked.status).toBe(202);
    expect((await get('/api/v1/runs')).body.runs).toHaveLength(1);
  });

  test('planwarden sign-in prints a link that works once', async () => {
    const cli = run([CLI, 'sign-in', 'reviewer', '--data', data]);
    expect([await cli.exit, cli.err()]).toEqual([0, '']);
    const link = cli.out().trim();
    expect(link).toMatch(new RegExp(`^${pages}/sign-in#[\\w-]{43}$`));
    expect((await spend(link)).status).toBe(201);
    const again = await spend(link);
    expect([again.status, await again.json()]).toMatchObject([401, { code: 'SIGN_IN_LINK_INVALID' }]);
    const rebuild = run([CLI, 'graph', 'rebuild', '--data', data]);
    expect(await rebuild.exit).toBe(1);
    expect(rebuild.plainErr()).toEqual([expect.stringMatching(/^OUTSIDE_REFUSED: .*graph\.store: neo4j/)]);
    const stranger = run([CLI, 'sign-in', 'nobody', '--data', data]);
    expect(await stranger.exit).toBe(1);
    expect(stranger.plainErr()).toEqual([expect.stringMatching(/^OUTSIDE_REFUSED: .*owner, reviewer/)]);
  });

  test('a second process on the folder is refused in one line and does no harm to the first', async () => {
    const second = launch(data, await threeFreePorts());
    expect(await second.exit).toBe(1);
    expect(second.plainErr()).toEqual([expect.stringMatching(/^DATA_FOLDER_LOCKED: another Planwarden process/)]);
    expect((await get('/api/v1/session')).body.person.id).toBe('owner');
  });

  test('a port that is in use, its own or one beside it, is refused in one line', async () => {
    const other = folder('two');
    await expectRefusal(launch(other, port), other, new RegExp(`^PORT_IN_USE: port ${port} on 127.0.0.1 .*--port`));
    const server = createServer();
    const free = await threeFreePorts();
    await new Promise<void>((resolve) => server.listen(free + 2, '127.0.0.1', resolve));
    await expectRefusal(launch(other, free), other, new RegExp(`^PORT_IN_USE: port ${free + 2} `));
    await new Promise((resolve) => server.close(resolve));
    if (!hasSixth) return;
    // Somebody else behind the name would be shown sign-in links.
    const stranger = createServer();
    await new Promise<void>((resolve) => stranger.listen(free, '::1', resolve));
    await expectRefusal(launch(other, free), other, new RegExp(`^PORT_IN_USE: port ${free} on ::1 .*--port`));
    await new Promise((resolve) => stranger.close(resolve));
  });

  test('Ctrl-C, which reaches the whole group, ends it with code 0 and leaves nothing', async () => {
    const children = processesBelow(now.pid);
    expect(children.filter(([, command]) => /postgres -D/.test(command))).toHaveLength(1);
    expect(children.some(([, command]) => command.includes('kubernetes-mcp-server'))).toBe(true);
    process.kill(-now.pid, 'SIGINT');
    expect(await now.exit).toBe(0);
    expect(now.plainErr()).toEqual([]);
    below = children.map(([pid]) => pid);
    await until(() => !below.some(isAlive));
    expect(processesOf(data)).toEqual([]);
    expect(await Promise.all([port, port + 1, port + 2].map(isTaken))).toEqual([false, false, false]);
    const cli = run([CLI, 'sign-in', 'reviewer', '--data', data]);
    expect(await cli.exit).toBe(1);
    expect(cli.plainErr()).toEqual([expect.stringMatching(/^OUTSIDE_UNAVAILABLE: no running installation/)]);
  });

  test('the second start finds the same runs and sessions, and shows no token again', async () => {
    now = launch(data, port);
    const printed = await ready(now);
    expect(printed).not.toContain(readFileSync(join(data, 'agent-assistant.token'), 'utf8').trim());
    expect((await get('/api/v1/session')).body.person.id).toBe('owner');
    const { runs } = (await get('/api/v1/runs')).body;
    expect(runs).toHaveLength(1);
    await until(async () => {
      const { body } = await get(`/api/v1/runs/${runs[0]?.id}`);
      return (body as unknown as { run: { state: string } }).run.state === 'awaiting_approval';
    });
  });

  test('the death of its database ends it with one line', async () => {
    const [postmaster] = processesBelow(now.pid).find(([, command]) => /postgres -D/.test(command)) ?? [0];
    below = processesBelow(now.pid).map(([pid]) => pid);
    expect(postmaster).toBeGreaterThan(1);
    process.kill(postmaster, 'SIGKILL');
    expect(await now.exit).toBe(1);
    expect(now.plainErr()).toEqual([expect.stringMatching(/^DATABASE_UNAVAILABLE: .*nothing recorded is lost/)]);
    // The log may tell whoever is on call where a connection broke; a user is told one line.
    expect(now.plainErr().join('\n')).not.toMatch(STACK);
    await until(() => !below.some(isAlive));
    expect(await isTaken(port)).toBe(false);
  });

  test('and the next start finds everything again', async () => {
    now = launch(data, port);
    await ready(now);
    expect((await get('/api/v1/runs')).body.runs).toHaveLength(1);
  });

  test('what a killed process leaves behind is taken over or ended by the next start', async () => {
    const left = processesBelow(now.pid);
    const database = left.find(([, command]) => /postgres -D/.test(command))?.[0] ?? 0;
    const servers = left.filter(([, command]) => command.includes('kubernetes-mcp-server')).map(([pid]) => pid);
    expect(servers.length).toBeGreaterThan(0);
    now.child.kill('SIGKILL');
    await now.exit;
    expect(isAlive(database)).toBe(true);
    now = launch(data, port);
    await ready(now);
    await until(() => !servers.some(isAlive));
    expect(isAlive(database)).toBe(true);
    expect((await get('/api/v1/runs')).body.runs).toHaveLength(1);
    now.child.kill('SIGTERM');
    expect(await now.exit).toBe(0);
    expect(isAlive(database)).toBe(false);
    expect(processesOf(data)).toEqual([]);
  });
});

describe('a start that cannot be', () => {
  /** A folder with the configuration of a first start, changed at one place. */
  const broken = (name: string, from: string, to: string): string => {
    const data = folder(name);
    mkdirSync(data);
    const file = loadConfig({ data }, {}).configFile;
    const text = readFileSync(file, 'utf8');
    expect(text).toContain(from);
    writeFileSync(file, text.replace(from, to));
    return data;
  };

  test.each([
    ['yaml', 'mode: sandbox', 'mode: [sandbox', /^CONFIG_INVALID: \S*planwarden\.yaml:\d+: .*YAML/],
    ['setting', 'quorum: 1', 'quorum: none', /^CONFIG_INVALID: \S*planwarden\.yaml:26[ :].*quorum/],
    ['real', 'mode: sandbox', 'mode: real', /^NOT_SUPPORTED: \S*planwarden\.yaml:2: .*mode real/],
  ])('%s: one line with file and line', async (name, from, to, line) => {
    const data = broken(name, from, to);
    await expectRefusal(launch(data, await threeFreePorts()), data, line);
  });

  test.each([
    [['--port', 'many'], '--port takes a number from 1 to 65532'],
    [['--log-level', 'loud'], '--log-level takes debug, info, warn, error'],
    [['--role', 'boss'], '--role takes all, '],
    [['--nonsense'], 'an option is unknown'],
  ])('a command line that cannot be read: %j', async (args, why) => {
    const line = new RegExp(`^CONFIG_INVALID: the command line cannot be read: ${why}.*Use: npm start -- `);
    await expectRefusal(run([MAIN, ...args]), folder('none'), line);
  });

  test.each([
    [[CLI, '--help'], /^Usage: planwarden <command>[\s\S]* runs rebuild /],
    [[CLI, 'sign-in', '-h'], /^Usage: planwarden <command>/],
    [[MAIN, '--help'], /^Usage: npm start -- .*--role all\|/],
  ])('help is asked for: %j', async (args, text) => {
    const running = run(args);
    expect(await running.exit).toBe(0);
    expect(running.out()).toMatch(text);
    expect(running.err()).toBe('');
  });

  test.each([
    [[], 'no command was given'],
    [['approve', 'x'], 'there is no such command'],
    [['sign-in'], 'write: planwarden sign-in <person>'],
    [['runs', 'rebuild', 'all'], 'write: planwarden runs rebuild'],
    [['sign-in', 'owner', '--dta', 'x'], 'an option is unknown, or its value is missing'],
  ])('a command that is not understood: %j', async (words, why) => {
    const running = run([CLI, ...words]);
    expect(await running.exit).toBe(2);
    expect(running.out()).toBe('');
    expect(running.err()).toMatch(new RegExp(`^planwarden: ${why}\\.\n\nUsage: planwarden `));
  });

  test('a Node that is too old', async () => {
    const ensure = pathToFileURL(join(process.cwd(), 'scripts/lib/ensure.mjs')).href;
    const script = `
      Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.4' } });
      const { ensureNode } = await import(${JSON.stringify(ensure)});
      ensureNode();
      process.stdout.write('went on');`;
    const running = run(['--input-type=module', '--eval', script]);
    await expectRefusal(running, folder('none'), /^NODE_TOO_OLD: .* 20\.19\.0 or newer, this is 18\.20\.4\./);
  });

  test.each([
    ['a rejection', 'Promise.reject(new Error("left alone"))'],
    ['an exception', 'setImmediate(() => { throw new Error("left alone"); })'],
  ])('%s that nobody caught ends it in one line, and nothing is left running', async (name, failure) => {
    const data = folder(`uncaught-${name.split(' ').at(-1)}`);
    const script = `process.once("SIGUSR2", () => { ${failure}; });`;
    const port = await threeFreePorts();
    const running = run([
      `--import=data:text/javascript,${encodeURIComponent(script)}`,
      MAIN,
      '--data',
      data,
      '--port',
      String(port),
    ]);
    started.push(running);
    await ready(running);
    running.child.kill('SIGUSR2');
    expect(await running.exit).toBe(1);
    expect(running.plainErr()).toEqual([
      'INTERNAL: an error that nobody caught; the log tells it. Start again; nothing recorded is lost.',
    ]);
    expect(running.err()).toContain('left alone');
    await until(() => processesOf(data).length === 0);
  });

  test.each([
    ['Ctrl-C', 'SIGINT'],
    ['a terminal that closes', 'SIGHUP'],
  ] as const)('%s in the middle of a start leaves nothing either', async (_, signal) => {
    const data = folder(`cut-${signal}`);
    const running = launch(data, await threeFreePorts(), true);
    // As soon as its database stands there: a look at the processes may take longer than the rest of the start.
    await until(() => {
      if (running.child.exitCode !== null) throw new Error(`it ended: ${running.err()}`);
      return existsSync(join(data, 'postgres', 'postmaster.pid'));
    });
    process.kill(-running.pid, signal);
    expect(await running.exit).toBe(0);
    expect([running.plainErr(), running.out()]).toEqual([[], '']);
    await until(() => processesOf(data).length === 0);
  });
});
