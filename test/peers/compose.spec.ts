import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool } from '@planwarden/database';
import type pg from 'pg';
import { readCompose } from '../compose-file.js';
import { CLI, run, until } from '../e2e/process.js';
import { allSecrets, attachFolder, type Container, type Stack, startStack } from './compose-stack.js';

interface Seen {
  readonly run: { readonly state: string; readonly ended: boolean; readonly wait: { readonly reason: string } | null };
  readonly pullRequest: { readonly number: number; readonly evidenceSha: string };
}
interface Agent {
  call(name: string, args?: object): Promise<{ readonly isError: boolean; readonly data: Record<string, unknown> }>;
  follow(run: string, isThere: (seen: Seen) => boolean): Promise<Seen>;
  close(): Promise<void>;
}
interface Demo {
  attach(folder: string): Promise<{ readonly reviewerToken: string; readonly github: string; readonly url: string }>;
  connectAgent(world: object): Promise<Agent>;
  reads(world: object): {
    review(number: number, token: string, commit: string, event: string): Promise<{ readonly status: number }>;
    pullRequests(): Promise<readonly { readonly merged_at: string | null }[]>;
  };
}
const demo = Object.assign(
  {},
  ...(await Promise.all(
    ['world', 'agent', 'reads'].map((name) => import(new URL(`../../demo/${name}.mjs`, import.meta.url).href)),
  )),
) as Demo;

let stack: Stack;
let pool: pg.Pool;
beforeAll(async () => {
  const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { encoding: 'utf8' });
  expect([built.stdout, built.status]).toEqual(['', 0]);
  stack = await startStack();
  pool = createPool({ connectionString: stack.databaseUrl, max: 2 });
  // In the order that depends_on asks for.
  await stack.start('sandbox');
  const { scale = 1 } = readCompose().services.worker ?? {};
  expect(scale).toBe(2);
  await Promise.all([stack.start('orchestrator'), ...Array.from({ length: scale }, () => stack.start('worker'))]);
}, 300_000);
afterAll(async () => {
  await pool?.end();
  await stack?.stop();
}, 120_000);

const workers = (): Container[] =>
  stack.containers.filter(({ service, child }) => service === 'worker' && child.exitCode === null && !child.signalCode);

describe('docker-compose.yml, its commands started without containers', () => {
  test('the sandbox tells the others where it is, in a file for its owner alone', () => {
    expect(statSync(join(stack.to, 'compose/data/connection/sandbox.json')).mode & 0o777).toBe(0o600);
  });

  test('every part is ready, the bell in Redis and the graph in Neo4j among what is asked', async () => {
    const answer = await fetch(`${stack.url}/readyz`);
    expect([answer.status, await answer.json()]).toEqual([
      200,
      {
        status: 'ok',
        checks: { database: 'ok', configuration: 'ok', policy: 'ok', github: 'ok', graph: 'ok', bell: 'ok' },
      },
    ]);
  });

  test('the demo reaches applied on it', async () => {
    const told = run(['scripts/demo.mjs', '--attach', attachFolder(stack), '--exit']);
    expect([await told.exit, told.plainErr()]).toEqual([0, []]);
    expect(JSON.parse(told.out().trim().split('\n').at(-1) ?? '{}')).toMatchObject({ state: 'applied' });
    expect(told.out()).toContain('3 pods running');
    // Both ends of it: rings went through Redis, and what the graph told came from Neo4j.
    const bull = await pool
      .query(`SELECT to_regclass('bullmq.job') AS there`)
      .catch(() => ({ rows: [{ there: null }] }));
    expect(bull.rows).toEqual([{ there: null }]);
    const outbox = await pool.query<{ n: string }>('SELECT count(*) AS n FROM graph_nodes');
    expect(Number(outbox.rows[0]?.n)).toBeGreaterThan(0);
  }, 240_000);

  test('a worker killed in the middle of a run: the other finishes it, with one pull request and one merge', async () => {
    const world = await demo.attach(attachFolder(stack));
    const agent = await demo.connectAgent(world);
    const look = demo.reads(world);
    const open = async () => (await look.pullRequests()).map((pull) => pull.merged_at === null);
    const before = await open();
    const asked = await agent.call('propose_change', {
      target: 'staging',
      title: 'Two replicas are enough',
      reason: 'It is quiet at night.',
      template: {
        name: 'web-application',
        parameters: { name: 'nginx', image: 'nginxinc/nginx-unprivileged:1.27.3', replicas: 2 },
      },
    });
    const id = String(asked.data.run);
    const killed = await until(async () => {
      const held = await pool.query<{ lease_owner: string | null; ended: boolean }>(
        'SELECT lease_owner, ended FROM runs WHERE id = $1 AND step IS NOT NULL',
        [id],
      );
      const pid = Number(/^worker-(\d+)-/.exec(held.rows[0]?.lease_owner ?? '')?.[1]);
      const holder = workers().find((worker) => worker.pid === pid);
      holder?.child.kill('SIGKILL');
      return holder;
    });
    await killed.exit;
    expect(workers()).toHaveLength(1);
    const waiting = await agent.follow(id, (seen) => seen.run.ended || seen.run.wait?.reason === 'approval');
    expect(waiting.run.ended).toBe(false);
    const { number, evidenceSha } = waiting.pullRequest;
    expect((await look.review(number, world.reviewerToken, evidenceSha, 'APPROVE')).status).toBe(200);
    const ended = await agent.follow(id, (seen) => seen.run.ended);
    expect(ended.run.state).toBe('applied');
    const after = await open();
    expect(after).toHaveLength(before.length + 1);
    expect(after.filter(Boolean)).toEqual(before.filter(Boolean));
    await agent.close();
  }, 240_000);

  test('one more worker needs no setting; one that is told to stop leaves no lease and ends with 0', async () => {
    const [old] = workers();
    await stack.start('worker');
    old?.child.kill('SIGTERM');
    expect([await old?.exit, old?.plainErr()]).toEqual([0, []]);
    const held = await pool.query('SELECT id FROM runs WHERE lease_owner IS NOT NULL AND NOT ended');
    expect(held.rows).toEqual([]);
  }, 120_000);

  test('the command of the README prints a link under the published address', async () => {
    const cli = run([CLI, 'sign-in', 'owner', '--data', join(stack.to, 'compose/data/planwarden')]);
    expect([await cli.exit, cli.err()]).toEqual([0, '']);
    expect(cli.out().startsWith(`${stack.url.replace('127.0.0.1', 'localhost')}/sign-in#`)).toBe(true);
  });

  test('a name that planwarden.yaml does not list is refused', async () => {
    const status = await new Promise((resolve, reject) => {
      const asked = request(`${stack.url}/livez`, { headers: { host: 'evil.test' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.once('error', reject).end();
    });
    expect(status).toBe(403);
  });

  test('a second sandbox on the same folder is refused in one line', async () => {
    const [, ...command] = readCompose().services.sandbox?.command ?? [];
    const args = command
      .filter((word) => !word.startsWith('--health-port'))
      .map((word) => word.replace('/etc/planwarden', join(stack.to, 'compose/config')))
      .map((word) => word.replace('/var/lib/planwarden', join(stack.to, 'compose/data/sandbox')));
    const second = run(args);
    expect(await second.exit).toBe(1);
    expect(second.plainErr()).toEqual([expect.stringMatching(/^DATA_FOLDER_LOCKED: /)]);
  });

  test('no secret is in what any of them said', () => {
    const said = stack.containers.map(({ out, err }) => out() + err()).join('\n');
    expect(said).toContain('the orchestrator is ready');
    for (const [name, value] of allSecrets(stack)) expect([name, said.includes(value)]).toEqual([name, false]);
  });
});
