import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { migrateRuns, type RunRecord, RunStore } from '@planwarden/runs';
import { OUTSIDE, type Release, ROADS } from './versions/releases.js';
import type { ToRelease } from './versions/worker.js';

let db: TestDatabase;
let store: RunStore;
const processes = new Set<ChildProcess>();
beforeAll(async () => {
  db = await startTestDatabase();
  await migrateRuns(db.pool);
  await db.pool.query(OUTSIDE);
  store = new RunStore(db.pool);
});
afterEach(() => {
  for (const child of processes) child.kill('SIGKILL');
});
afterAll(() => db.close());

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
let names = 0;

/** A process of its own with the pipelines of one release. @returns what closes it, and tells its exit code */
async function start(release: Release): Promise<() => Promise<number | null>> {
  const flags = ['--conditions=source', '--no-warnings', '--import', here('../attacks/load/register.mjs')];
  const child = spawn(process.execPath, [...flags, here('versions/worker.ts')], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {},
  });
  processes.add(child);
  const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
  void gone.then(() => processes.delete(child));
  const said = (what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      child.on('message', (message) => message === what && resolve());
      void gone.then((code) => reject(new Error(`the process of ${release} ended with ${code}`)));
    });
  const tell = (message: ToRelease): void => void child.send(message);
  await said('loaded');
  names += 1;
  const ready = said('ready');
  tell({ kind: 'begin', connectionString: db.connectionString, release, name: `${release}-${names}` });
  await ready;
  return () => {
    tell({ kind: 'close' });
    return gone;
  };
}

function begin(road: keyof typeof ROADS): Promise<RunRecord> {
  names += 1;
  const requester = { principal: `agent:${names}`, onBehalfOf: null };
  const run = { title: 'Run nginx', target: `t-${names}`, environment: 'staging', persona: 'devops', requester };
  return store.start({ ...run, request: {} }, road, { openRuns: 10 });
}

async function letThrough({ id }: RunRecord): Promise<void> {
  await db.pool.query('INSERT INTO gates (run) VALUES ($1)', [id]);
  await store.wake(id);
}

async function until({ id }: RunRecord, is: (run: RunRecord) => boolean): Promise<RunRecord> {
  for (;;) {
    const run = await store.get(id);
    if (is(run)) return run;
    if (run.ended) throw new Error(`the run ended ${run.state}`);
    await delay(20);
  }
}
const parked = (reason: string) => (run: RunRecord) => run.wait?.reason === reason;
const applied = ({ state }: RunRecord): boolean => state === 'applied';

const road = async ({ id }: RunRecord): Promise<(string | null)[]> =>
  (await store.events(id)).filter(({ kind }) => kind === 'step:done').map(({ step }) => step);
const acts = async ({ id }: RunRecord): Promise<string[]> =>
  (await db.pool.query<{ release: string }>('SELECT release FROM acts WHERE key = $1', [id])).rows.map(
    ({ release }) => release,
  );

test('releases that add, remove and reorder steps, each a process of its own, finish every run on the road it began on', async () => {
  const closeFirst = await start('first');
  const [early, late] = [await begin('road/1'), await begin('road/1')];
  for (const run of [early, late]) await until(run, parked('approval'));

  // The new release comes up beside the old one, which may take runs of a road that it does not know.
  const closeSecond = await start('second');
  const young = await Promise.all(Array.from({ length: 8 }, () => begin('road/2')));
  for (const run of [early, ...young]) await letThrough(run);
  for (const run of [early, ...young]) await until(run, applied);
  expect(await road(early)).toEqual(ROADS['road/1']);
  expect(await acts(early)).toHaveLength(1);
  for (const run of young) {
    expect(await road(run)).toEqual(ROADS['road/2']);
    expect(await acts(run)).toEqual(['second']);
  }
  expect([await closeFirst(), await closeSecond()]).toEqual([0, 0]);

  // A release that has dropped the road parks what is on it, by name and untouched.
  const closeThird = await start('third');
  const other = await begin('road/2');
  await letThrough(late);
  await letThrough(other);
  await until(late, parked('pipeline_changed'));
  await until(other, applied);
  expect((await store.events(late.id)).at(-1)?.code).toBe('PIPELINE_CHANGED');
  expect(await acts(late)).toEqual([]);

  // One that has it again carries it on, also beside the one that has not.
  const closeAgain = await start('second');
  await until(late, applied);
  expect(await road(late)).toEqual(ROADS['road/1']);
  expect(await acts(late)).toEqual(['second']);
  expect([await closeThird(), await closeAgain()]).toEqual([0, 0]);
});
