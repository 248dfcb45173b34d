import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newId, silentLog } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import {
  type BegunRun,
  type Claimed,
  createWorker,
  done,
  migrateRuns,
  type NewRun,
  type Pipeline,
  RunEngine,
  type RunEngineOptions,
  type RunLimits,
  type RunRecord,
  RunStore,
  type RunWorker,
  type StepContext,
} from './index.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
  await migrateRuns(db.pool);
});
afterAll(() => db.close());

const NEVER_MS = 3_600_000;
const asAny = { parse: (value: unknown) => value };
const race = { key: 'the run', guard: 'unique', asks: 'whether it is there', leaves: 'one' };

/** A road whose first step has an effect; `work` is what that step does before. */
function road(work: (context: StepContext) => Promise<void> = async () => undefined) {
  const acts: string[] = [];
  const plain = { effects: [], execute: async () => done('ok') };
  const made: Pipeline = {
    version: 'first/1',
    steps: [
      {
        name: 'validate',
        state: 'validating',
        effects: [
          { name: 'act', kind: 'once', race, key: ({ id }) => id, reconcile: async () => ({ found: 'absent' }) },
        ],
        execute: async (context) => {
          await work(context);
          await context.effect('act', asAny, async (key) => acts.push(key));
          return done('ok');
        },
      },
      { ...plain, name: 'plan', state: 'planning' },
      { ...plain, name: 'check', state: 'policy_checking' },
      { ...plain, name: 'confirm', state: 'awaiting_approval', doneState: 'confirmed' },
      { ...plain, name: 'apply', state: 'applying' },
      { ...plain, name: 'merge', state: 'merging' },
      { ...plain, name: 'verify', state: 'verifying' },
    ],
    roundStartsAt: 'validate',
    maxRounds: 1,
  };
  return { made, acts };
}

let engines = 0;
function engine(made: Pipeline, options: Partial<RunEngineOptions> = {}): RunEngine {
  engines += 1;
  return new RunEngine({ pool: db.pool, pipelines: [made], worker: `w${engines}`, backOffMs: 0, ...options });
}

let targets = 0;
function asked(change: Partial<NewRun> = {}): NewRun {
  targets += 1;
  const requester = { principal: `agent:${targets}`, onBehalfOf: null };
  const run = { title: 'Run nginx', target: `t-${targets}`, environment: 'staging', persona: 'devops', requester };
  return { ...run, request: {}, ...change };
}
const begin = (store: RunStore, change: Partial<NewRun> = {}, limits: RunLimits = { openRuns: 10 }) =>
  store.begin(asked(change), 'first/1', limits);

/** A store whose starts are taken by this engine, each kept in place of being carried. */
function taking(by: RunEngine): { readonly store: RunStore; readonly taken: Claimed[]; readonly left: () => number } {
  const taken: Claimed[] = [];
  let left = 0;
  const leave = () => {
    left += 1;
  };
  const store = new RunStore(db.pool);
  store.offerStartsTo({
    room: (pipeline) => {
      const lease = by.firstLease(pipeline);
      return lease && { ...lease, take: (claimed) => void taken.push(claimed), leave };
    },
  });
  return { store, taken, left: () => left };
}

const rowOf = async (id: string) =>
  (
    await db.pool.query<{ owner: string | null; until: Date | null; fence: number; left_ms: number | null }>(
      `SELECT lease_owner AS owner, lease_until AS until, fence::int,
              (extract(epoch FROM lease_until - clock_timestamp()) * 1000)::float8 AS left_ms FROM runs WHERE id = $1`,
      [id],
    )
  ).rows[0];
const fencesOf = async (id: string) =>
  (
    await db.pool.query<{ fence: number }>('SELECT fence::int FROM run_events WHERE run = $1 ORDER BY seq', [id])
  ).rows.map(({ fence }) => fence);
const isDue = async (id: string) => (await new RunStore(db.pool).due(1000)).includes(id);
const expire = (id: string) =>
  db.pool.query(`UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1`, [id]);
async function until(what: string, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!(await isTrue())) {
    if (Date.now() > end) throw new Error(`never seen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('a run that begins under the lease of a worker', () => {
  test('is held as by a claim: first fence, the length of the lease on the clock of the database, nobody else takes it', async () => {
    const { made, acts } = road();
    const own = engine(made, { leaseMs: 60_000 });
    const { store, taken } = taking(own);
    const { run, isTaken } = await begin(store);
    expect(isTaken).toBe(true);
    const row = await rowOf(run.id);
    expect(row).toMatchObject({ owner: taken[0]?.hold.owner, fence: 1 });
    expect(row?.left_ms).toBeGreaterThan(0);
    expect(row?.left_ms).toBeLessThanOrEqual(60_000);
    expect(await isDue(run.id)).toBe(false);
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'nothing' });
    expect(await own.carry(taken[0] as Claimed)).toEqual({ kind: 'ended' });
    expect(acts).toEqual([run.id]);
    expect(await fencesOf(run.id)).toEqual([0, 1, ...(await fencesOf(run.id)).slice(2).map(() => 1)]);
    expect(await rowOf(run.id)).toMatchObject({ owner: null, until: null, fence: 1 });
  });

  test('is found by the sweep when its worker died with the commit: once the lease is over, under a higher fence', async () => {
    const { made, acts } = road();
    const dead = engine(made);
    const { store, taken } = taking(dead);
    const { run } = await begin(store);
    await expire(run.id);
    expect(await isDue(run.id)).toBe(true);
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'ended' });
    expect(new Set((await fencesOf(run.id)).slice(1))).toEqual(new Set([2]));
    // It was only away: whatever it still wants to do is refused.
    expect(await dead.carry(taken[0] as Claimed)).toEqual({ kind: 'nothing' });
    expect(acts).toEqual([run.id]);
  });

  test('is not acted for where its beginning took longer than the lease and another worker went on', async () => {
    const { made, acts } = road();
    let now = 1000;
    const away = engine(made, { leaseMs: 30_000, monotonic: () => now });
    const { store, taken } = taking(away);
    const { run } = await begin(store);
    now += 30_000;
    await expire(run.id);
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'ended' });
    expect(await away.carry(taken[0] as Claimed)).toEqual({ kind: 'nothing' });
    expect(acts).toEqual([run.id]);
  });

  test('hears of a cancel that came before its first step', async () => {
    const { made, acts } = road();
    const own = engine(made);
    const { store, taken } = taking(own);
    const { run } = await begin(store);
    await store.requestCancel(run.id, { by: 'person:owner', reason: 'wrong' });
    expect(await own.carry(taken[0] as Claimed)).toEqual({ kind: 'ended' });
    expect((await store.get(run.id)).state).toBe('canceled');
    expect(acts).toEqual([]);
  });

  test('is shown to its steps as any later lease would read it', async () => {
    const seen: Partial<RunRecord>[] = [];
    const { made } = road(async ({ run }) => {
      const { updatedAt: _, state: __, step: ___, ...told } = run;
      seen.push(told);
      if (seen.length === 1) throw new Error('the worker dies');
    });
    const own = engine(made, {
      faults: {
        at: async (point) => {
          if (point === 'runs:step:executed' && seen.length === 1) throw new Error('dead');
        },
      },
    });
    const { store, taken } = taking(own);
    const { run } = await begin(store, { request: { zone: 1, a: undefined, name: 'x', list: [{ to: 1, b: 2 }] } });
    await expect(own.carry(taken[0] as Claimed)).rejects.toThrow('dead');
    expect(await own.advance(run.id)).toEqual({ kind: 'ended' });
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual(seen[0]);
    // Down to the order of its keys, which texts are made from.
    expect(JSON.stringify(seen[1]?.request)).toBe(JSON.stringify(seen[0]?.request));
  });

  test('shares its statement with one that is refused, whose place is given back', async () => {
    const { made } = road();
    const { store, taken, left } = taking(engine(made));
    const target = `shared-${newId('run')}`;
    const both = await Promise.allSettled([
      begin(store, { target }, { openRuns: 1 }),
      begin(store, { target }, { openRuns: 1 }),
      begin(store),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect([taken.length, left()]).toEqual([2, 1]);
  });
});

describe('a run begins free', () => {
  const owners = async ({ run, isTaken }: BegunRun) => [isTaken, (await rowOf(run.id))?.owner, await isDue(run.id)];

  test('where this process has no worker, or one that does not have its road', async () => {
    const { made } = road();
    expect(await owners(await begin(new RunStore(db.pool)))).toEqual([false, null, true]);
    const { store } = taking(engine({ ...made, version: 'first/2' }));
    expect(await owners(await begin(store))).toEqual([false, null, true]);
  });

  test('where something is written beside it, which may still fail', async () => {
    const { made } = road();
    const { store, taken } = taking(engine(made));
    const begun = await store.begin(asked(), 'first/1', { openRuns: 10 }, async () => undefined);
    expect(await owners(begun)).toEqual([false, null, true]);
    const failing = store.begin(asked(), 'first/1', { openRuns: 10 }, async () => {
      throw new Error('beside');
    });
    await expect(failing).rejects.toThrow('beside');
    expect(taken).toEqual([]);
  });

  test('where a release that knows no first leases begins it beside this one', async () => {
    const { made, acts } = road();
    const id = newId('run');
    const { requester, ...told } = asked();
    const row = { ...told, id, pipeline: 'first/1', principal: requester.principal, message: 'm', data: {} };
    await db.pool.query('SELECT * FROM runs_begin_1($1)', [JSON.stringify([{ ...row, most_of_target: 10 }])]);
    expect(await isDue(id)).toBe(true);
    expect(await engine(made).advance(id)).toEqual({ kind: 'ended' });
    expect(acts).toEqual([id]);
  });
});

describe('a worker that takes the starts of its process', () => {
  const workers: RunWorker[] = [];
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.close();
  });

  async function start(
    made: Pipeline,
    options: { readonly concurrency?: number; readonly isPaused?: () => boolean } = {},
  ) {
    const rung: string[] = [];
    let hear: (run: string) => Promise<void> = async () => undefined;
    const store = new RunStore(db.pool);
    const worker = await createWorker({
      engine: engine(made),
      store: { due: async () => [] },
      bell: {
        ring: async (run) => {
          rung.push(run);
          return true;
        },
        check: async () => undefined,
        close: async () => undefined,
      },
      listen: async (onRing) => {
        hear = onRing;
        return { close: async () => undefined };
      },
      log: silentLog,
      sweepMs: NEVER_MS,
      ...options,
    });
    workers.push(worker);
    store.offerStartsTo(worker);
    return { store, worker, rung, hear: (run: string) => hear(run) };
  }
  /** Steps stand still until they are let go; `running` tells whose. */
  function gate() {
    const running: string[] = [];
    let letGo: () => void = () => undefined;
    const open = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const work = async ({ run }: StepContext) => {
      running.push(run.id);
      await open;
    };
    return { running, letGo: () => letGo(), work };
  }
  const hasEnded = async (store: RunStore, { run }: BegunRun) => (await store.get(run.id)).ended;

  test('carries them to their end: no bell rings, nobody sweeps', async () => {
    const { made, acts } = road();
    const { store, rung } = await start(made);
    const begun = await begin(store);
    expect(begun.isTaken).toBe(true);
    await until('its end', () => hasEnded(store, begun));
    expect([acts, rung]).toEqual([[begun.run.id], []]);
  });

  test('takes as many as it has places, and a run that is rung for waits for one', async () => {
    const held = gate();
    const { made } = road(held.work);
    const { store, hear } = await start(made, { concurrency: 2 });
    const begun = [await begin(store), await begin(store), await begin(store)];
    expect(begun.map(({ isTaken }) => isTaken)).toEqual([true, true, false]);
    await until('its step', () => held.running.length === 2);
    const heard = hear(begun[2]?.run.id ?? '');
    // One more round trip than a claim would take.
    expect(await isDue(begun[2]?.run.id ?? '')).toBe(true);
    expect(await isDue(begun[2]?.run.id ?? '')).toBe(true);
    expect(held.running).toHaveLength(2);
    held.letGo();
    await heard;
    for (const one of begun) await until('its end', () => hasEnded(store, one));
    await until('a free place', async () => (await begin(store)).isTaken);
  });

  test('keeps no place for a start that is refused or fails', async () => {
    const { made } = road();
    const { store } = await start(made, { concurrency: 1 });
    await expect(begin(store, {}, { openRuns: 0 })).rejects.toMatchObject({ code: 'RUN_LIMIT_REACHED' });
    await expect(begin(store, { environment: 'a\u0000b' })).rejects.toThrow();
    expect((await begin(store)).isTaken).toBe(true);
  });

  test('takes none while it is paused or stops, and a stop waits for those it took', async () => {
    const held = gate();
    const { made } = road(held.work);
    let isPaused = true;
    const { store, worker, hear } = await start(made, { concurrency: 1, isPaused: () => isPaused });
    expect((await begin(store)).isTaken).toBe(false);
    isPaused = false;
    const begun = await begin(store);
    expect(begun.isTaken).toBe(true);
    await until('its step', () => held.running.length === 1);
    const late = await begin(store);
    const heard = hear(late.run.id);
    let isClosed = false;
    const closed = worker.close().then(() => {
      isClosed = true;
    });
    // Whoever waits for a place is sent away, and the run stays due.
    await heard;
    expect((await begin(store)).isTaken).toBe(false);
    expect([isClosed, await isDue(late.run.id)]).toEqual([false, true]);
    held.letGo();
    await closed;
    expect([await hasEnded(store, begun), await hasEnded(store, late)]).toEqual([true, false]);
  });
});
