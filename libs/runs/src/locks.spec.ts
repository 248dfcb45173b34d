import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EndState } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase, withTransaction } from '@planwarden/database';
import {
  LockStore,
  migrateRuns,
  type Pipeline,
  passKeptLocks,
  RunEngine,
  type RunLimits,
  type RunRecord,
  RunStore,
  rebuildRuns,
  type Step,
  type StepContext,
  type StepOutcome,
} from './index.js';

let db: TestDatabase;
let store: RunStore;
let locks: LockStore;
beforeAll(async () => {
  db = await startTestDatabase();
  await migrateRuns(db.pool);
  store = new RunStore(db.pool);
  locks = new LockStore(db.pool);
});
afterAll(() => db.close());

let count = 0;
const nameIt = (what: string): string => {
  count += 1;
  return `${what}-${count}`;
};

const begin = (limits: RunLimits = { openRuns: 100 }, principal = 'agent:assistant', target = 'web') =>
  store.start(
    {
      title: 'Change the stack',
      target,
      environment: 'staging',
      persona: 'devops',
      requester: { principal, onBehalfOf: 'owner' },
      request: {},
    },
    'test/1',
    limits,
  );

const parked: StepOutcome = { kind: 'wait', reason: 'lock', message: 'parked', forMs: 3_600_000 };

/** Lets a run do one thing in a step of the given state; by default it parks there. */
async function act<T>(
  run: RunRecord,
  what: (context: StepContext) => Promise<T>,
  outcome: StepOutcome = parked,
  state: Step['state'] = 'validating',
): Promise<T> {
  let got: T | undefined;
  const step: Step = {
    name: 'only',
    state,
    effects: [],
    execute: async (context) => {
      got = await what(context);
      return outcome;
    },
  };
  const pipeline: Pipeline = { version: 'test/1', steps: [step], roundStartsAt: 'only', maxRounds: 3 };
  await db.pool.query('UPDATE runs SET wake_at = clock_timestamp() WHERE id = $1', [run.id]);
  await new RunEngine({ pool: db.pool, pipelines: [pipeline], worker: 'w' }).advance(run.id);
  return got as T;
}
const take = (run: RunRecord, lock: string): Promise<boolean> => act(run, (context) => context.takeLock(lock));

async function endAs(run: RunRecord, state: EndState, from: Step['state']): Promise<void> {
  await db.pool.query('UPDATE runs SET state = $2 WHERE id = $1', [run.id, from]);
  const end: StepOutcome = { kind: 'end', state, error: null, message: 'over' };
  await act(run, async () => undefined, end, from);
  expect(await store.get(run.id)).toMatchObject({ state, ended: true });
}
const isDue = async (run: RunRecord): Promise<boolean> => (await store.due(1000)).includes(run.id);

describe('a lock', () => {
  test('is seen with its holder and its queue, and goes first come first, waking the next', async () => {
    const lock = nameIt('terraform:web');
    const [one, two, three] = [await begin(), await begin(), await begin()];
    expect([await take(one, lock), await take(two, lock), await take(three, lock), await take(two, lock)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
    const queue = [two, three].map(({ id }) => ({ run: id, since: expect.stringMatching(/^\d{4}-.*Z$/) }));
    const seen = [{ name: lock, holder: one.id, since: expect.any(String), kept: null, queue }];
    expect(await locks.list(one.id)).toEqual(seen);
    expect(await locks.list(three.id)).toEqual(seen);
    expect(await locks.list()).toEqual(expect.arrayContaining(seen));
    expect(await isDue(two)).toBe(false);
    await endAs(one, 'canceled', 'validating');
    expect([await isDue(two), await isDue(three)]).toEqual([true, false]);
    // Even where the third asks first.
    expect([await take(three, lock), await take(two, lock)]).toEqual([false, true]);
    await endAs(two, 'errored', 'validating');
    expect(await take(three, lock)).toBe(true);
    await endAs(three, 'errored', 'validating');
    expect(await locks.list(three.id)).toEqual([]);
  });

  test('passes over whoever ended while it waited', async () => {
    const lock = nameIt('terraform:web');
    const [one, two, three] = [await begin(), await begin(), await begin()];
    for (const run of [one, two, three]) await take(run, lock);
    await endAs(two, 'canceled', 'validating');
    await endAs(one, 'canceled', 'validating');
    expect((await locks.list(three.id))[0]).toMatchObject({ holder: three.id, queue: [] });
  });

  test('that is found free while others wait is not taken before them', async () => {
    const lock = nameIt('terraform:web');
    const [one, two, late] = [await begin(), await begin(), await begin()];
    await take(one, lock);
    await take(two, lock);
    // As an older version leaves it: given back without being handed on.
    await db.pool.query('DELETE FROM run_locks WHERE name = $1', [lock]);
    expect([await take(late, lock), await take(two, lock)]).toEqual([false, true]);
  });

  test('is given back before the end, and a place in the queue left', async () => {
    const lock = nameIt('gitops:a');
    const [one, two, three] = [await begin(), await begin(), await begin()];
    for (const run of [one, two, three]) await take(run, lock);
    await act(two, (context) => context.giveLock(lock));
    await act(one, (context) => context.giveLock(lock));
    expect(await locks.list(three.id)).toMatchObject([{ holder: three.id, queue: [] }]);
  });

  test('is handed on once it is due and somebody waits, and never after it was pinned', async () => {
    const lock = nameIt('terraform:web');
    const [one, two] = [await begin(), await begin()];
    const handOn = (after: number) => act(one, (context) => context.handOnLock(lock, after));
    await take(one, lock);
    expect(await handOn(0)).toBeNull();
    await take(two, lock);
    expect(await handOn(3600)).toBeNull();
    await act(one, (context) => context.pinLock(lock));
    expect(await handOn(0)).toBeNull();
    await db.pool.query('UPDATE run_locks SET pinned_at = NULL WHERE name = $1', [lock]);
    expect(await handOn(0)).toBe(two.id);
    expect(await isDue(two)).toBe(true);
    // Who lost it stands at the end of the queue.
    expect([await take(one, lock), await take(two, lock)]).toEqual([false, true]);
  });

  test('is taken by one of ten that come at once', async () => {
    const lock = nameIt('terraform:web');
    const runs: RunRecord[] = [];
    for (let index = 0; index < 10; index += 1) runs.push(await begin());
    const got = await Promise.all(runs.map((run) => take(run, lock)));
    expect(got.filter(Boolean)).toHaveLength(1);
    const [seen] = await locks.list(runs[0]?.id);
    expect(seen?.queue).toHaveLength(9);
  });
});

describe('a lock of a failed apply', () => {
  const failed = async (lock: string): Promise<RunRecord> => {
    const run = await begin();
    await take(run, lock);
    await act(run, (context) => context.pinLock(lock));
    await endAs(run, 'apply_failed', 'applying');
    return run;
  };

  test('stays, is passed to the run that mends it, and is freed by one that succeeds', async () => {
    const lock = nameIt('terraform:web');
    const parent = await failed(lock);
    const child = await begin();
    const other = await begin();
    expect(await take(other, lock)).toBe(false);
    expect(await locks.list(parent.id)).toMatchObject([{ holder: parent.id, kept: expect.stringContaining('apply') }]);
    await withTransaction(db.pool, (client) => passKeptLocks(client, parent.id, child.id));
    expect(await take(child, lock)).toBe(true);
    // The child ends before it applied anything: the state is still as the parent left it.
    await endAs(child, 'canceled', 'validating');
    expect(await locks.list(child.id)).toMatchObject([{ holder: child.id, kept: expect.any(String) }]);
    const second = await begin();
    await withTransaction(db.pool, (client) => passKeptLocks(client, child.id, second.id));
    await endAs(second, 'applied', 'verifying');
    expect(await take(other, lock)).toBe(true);
  });

  test('is released by a person, which its journal tells', async () => {
    const lock = nameIt('terraform:web');
    const run = await failed(lock);
    const next = await begin();
    await take(next, lock);
    const said = { by: 'person:owner', reason: 'looked at the state' };
    expect(await locks.releaseKept(run.id, said)).toEqual([lock]);
    expect(await isDue(next)).toBe(true);
    expect(await take(next, lock)).toBe(true);
    const told = (await store.events(run.id)).at(-1);
    expect(told?.message).toBe(`person:owner released what this run had kept (${lock}): looked at the state`);
    await expect(locks.releaseKept(run.id, said)).rejects.toMatchObject({ code: 'LOCK_NOT_KEPT' });
    // What a run under way holds is nobody's to release.
    await expect(locks.releaseKept(next.id, said)).rejects.toMatchObject({ code: 'LOCK_NOT_KEPT' });
  });

  test('is no lock of an apply that never began', async () => {
    const lock = nameIt('gitops:b');
    const run = await begin();
    await take(run, lock);
    await endAs(run, 'apply_failed', 'applying');
    expect(await locks.list(run.id)).toEqual([]);
  });
});

describe('a queue whose first is just leaving it', () => {
  /** Whoever leaves a queue holds the row of its place until it commits. */
  async function whileHeld<T>(run: RunRecord, what: () => Promise<T>): Promise<T> {
    return withTransaction(db.pool, async (client) => {
      await client.query('SELECT 1 FROM run_lock_waits WHERE run = $1 FOR UPDATE', [run.id]);
      return what();
    });
  }

  test('is handed no lock: who has it keeps it', async () => {
    const lock = nameIt('terraform:web');
    const [holder, next] = [await begin(), await begin()];
    expect([await take(holder, lock), await take(next, lock)]).toEqual([true, false]);
    const handed = await whileHeld(next, () => act(holder, (context) => context.handOnLock(lock, 0)));
    expect(handed).toBeNull();
    expect((await locks.list(holder.id)).map((one) => one.holder)).toEqual([holder.id]);
    expect(await act(holder, (context) => context.handOnLock(lock, 0))).toBe(next.id);
  });

  test('leaves no lock to a run that ends while another finds it free', async () => {
    const lock = nameIt('terraform:web');
    const [holder, leaving, asking] = [await begin(), await begin(), await begin()];
    expect([await take(holder, lock), await take(leaving, lock)]).toEqual([true, false]);
    // Free, with a queue.
    await whileHeld(leaving, () => endAs(holder, 'canceled', 'validating'));
    expect(await locks.list(leaving.id)).toEqual([]);
    const seen = async (what: string) =>
      (
        await db.pool.query(
          'SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = $1',
          [what],
        )
      ).rowCount ?? 0;
    // Stands still between giving the lock to the first of the queue and its commit.
    await db.pool.query(`CREATE FUNCTION stand_still() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN IF NEW.run = '${leaving.id}' AND OLD.run <> NEW.run THEN PERFORM pg_advisory_xact_lock_shared(77); END IF; RETURN NEW; END $$;
      CREATE TRIGGER stand_still AFTER UPDATE ON run_locks FOR EACH ROW EXECUTE FUNCTION stand_still()`);
    const gate = await db.pool.connect();
    await gate.query('SELECT pg_advisory_lock(77)');
    const asked = take(asking, lock);
    while ((await seen('Lock')) < 1) await new Promise((resolve) => setImmediate(resolve));
    let hasEnded = false;
    const ended = endAs(leaving, 'canceled', 'validating').then(() => {
      hasEnded = true;
    });
    // Over, or waiting for its place in the queue.
    while (!hasEnded && (await seen('Lock')) < 2) await new Promise((resolve) => setImmediate(resolve));
    await gate.query('SELECT pg_advisory_unlock(77)');
    gate.release();
    await Promise.all([asked, ended]);
    await db.pool.query('DROP TRIGGER stand_still ON run_locks');
    expect((await locks.list()).filter(({ holder: has }) => has === leaving.id)).toEqual([]);
    expect(await take(asking, lock)).toBe(true);
  });
});

test('a lock that was taken while a claim waited for the row of the run is given back at its end', async () => {
  const lock = nameIt('terraform:web');
  const run = await begin();
  await db.pool.query("UPDATE runs SET state = 'validating' WHERE id = $1", [run.id]);
  const waiting = async () =>
    (
      await db.pool.query(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      )
    ).rowCount;
  const execute = async (): Promise<StepOutcome> => ({ kind: 'end', state: 'canceled', error: null, message: 'over' });
  const steps: Step[] = [{ name: 'only', state: 'validating', effects: [], execute }];
  const made: Pipeline = { version: 'test/1', steps, roundStartsAt: 'only', maxRounds: 1 };
  // An earlier lease, which took the lock and let go; the statement of the claim had begun before.
  const ended = await withTransaction(db.pool, async (client) => {
    await client.query('UPDATE runs SET fence = fence + 1 WHERE id = $1', [run.id]);
    const advanced = new RunEngine({ pool: db.pool, pipelines: [made], worker: 'w' }).advance(run.id);
    while ((await waiting()) === 0) await new Promise((resolve) => setImmediate(resolve));
    await client.query('INSERT INTO run_locks (name, run) VALUES ($1, $2)', [lock, run.id]);
    return { advanced };
  });
  await ended.advanced;
  expect([(await store.get(run.id)).ended, await locks.list(run.id)]).toEqual([true, []]);
});

describe('locks made again from their journal', () => {
  const rows = async (): Promise<unknown> => {
    const held = await db.pool.query('SELECT * FROM run_locks ORDER BY name');
    const waiting = await db.pool.query('SELECT * FROM run_lock_waits ORDER BY name, place');
    return [held.rows, waiting.rows];
  };
  const told = async (lock: string): Promise<string[]> => {
    const { rows: found } = await db.pool.query<{ kind: string }>(
      'SELECT kind FROM run_lock_events WHERE name = $1 ORDER BY position',
      [lock],
    );
    return found.map(({ kind }) => kind);
  };

  test('are the live ones, held, pinned, kept and waited for, where the rows were lost or spoilt', async () => {
    const [handed, kept, freed] = [nameIt('terraform:handed'), nameIt('terraform:kept'), nameIt('terraform:freed')];
    const [one, two, three, failing] = [await begin(), await begin(), await begin(), await begin()];
    for (const run of [one, two, three]) await take(run, handed);
    await act(one, (context) => context.handOnLock(handed, 0));
    await take(two, handed);
    await take(one, handed);
    await act(two, (context) => context.pinLock(handed));
    for (const run of [failing, three]) await take(run, kept);
    await act(failing, (context) => context.pinLock(kept));
    await endAs(failing, 'apply_failed', 'applying');
    await take(one, freed);
    await act(one, (context) => context.giveLock(freed));
    // Looks that change nothing are not told.
    await take(three, kept);
    expect(await told(freed)).toEqual(['held', 'free']);
    expect(await told(handed)).toEqual(['held', 'waits', 'waits', 'free', 'held', 'left', 'waits', 'held']);
    const live = await rows();
    expect((await rebuildRuns(db.pool)).mended).toBe(0);
    expect(await rows()).toEqual(live);

    await db.pool.query('TRUNCATE run_locks, run_lock_waits');
    expect((await rebuildRuns(db.pool)).mended).toBeGreaterThanOrEqual(4);
    expect(await rows()).toEqual(live);

    // As a backup that was put back in part leaves them: no trigger tells it.
    await withTransaction(db.pool, async (client) => {
      await client.query('SET LOCAL session_replication_role = replica');
      await client.query('UPDATE run_locks SET run = $2, pinned_at = NULL WHERE name = $1', [handed, three.id]);
      await client.query('DELETE FROM run_lock_waits WHERE name = $1', [handed]);
      await client.query('INSERT INTO run_locks (name, run) VALUES ($1, $2)', [freed, three.id]);
    });
    expect((await rebuildRuns(db.pool)).mended).toBe(3);
    expect(await rows()).toEqual(live);
    // And what is made again works on.
    await endAs(two, 'canceled', 'validating');
    expect(await take(three, handed)).toBe(true);
    expect((await locks.list(one.id))[0]?.queue.map(({ run }) => run)).toEqual([one.id]);
  });

  test('hold what an older release had taken before there was a journal of them', async () => {
    await db.pool.query(`
      DROP TABLE run_lock_events;
      DROP FUNCTION run_locks_journal CASCADE;
      DROP FUNCTION run_lock_waits_journal CASCADE;
      DELETE FROM schema_migrations WHERE lib = 'runs' AND name = '0007-lock-journal'`);
    const lock = nameIt('terraform:old');
    const [one, two] = [await begin(), await begin()];
    for (const run of [one, two]) await take(run, lock);
    const live = await rows();
    await migrateRuns(db.pool);
    expect((await rebuildRuns(db.pool)).mended).toBe(0);
    await db.pool.query('TRUNCATE run_locks, run_lock_waits');
    await rebuildRuns(db.pool);
    expect(await rows()).toEqual(live);
  });

  test('have a journal that refuses to be changed', async () => {
    await expect(db.pool.query('DELETE FROM run_lock_events')).rejects.toThrow('append-only');
    await expect(db.pool.query(`UPDATE run_lock_events SET kind = 'free'`)).rejects.toThrow('append-only');
  });
});

describe('limits of one token', () => {
  const limits = (more: Partial<NonNullable<RunLimits['requester']>>): RunLimits => ({
    openRuns: 100,
    requester: { openRuns: 100, runsAnHour: 100, locks: 100, ...more },
  });
  const refusal = (field: string) => ({ code: 'RUN_LIMIT_REACHED', where: { field } });

  test('open runs over all its targets', async () => {
    const who = nameIt('agent:a');
    const first = await begin(limits({ openRuns: 1 }), who, 'one');
    await expect(begin(limits({ openRuns: 1 }), who, 'two')).rejects.toMatchObject(refusal('limits.openRuns'));
    await begin(limits({ openRuns: 1 }), nameIt('agent:b'), 'two');
    await endAs(first, 'canceled', 'validating');
    await begin(limits({ openRuns: 1 }), who, 'two');
  });

  test('runs an hour, ended ones too', async () => {
    const who = nameIt('agent:a');
    const first = await begin(limits({ runsAnHour: 1 }), who);
    await endAs(first, 'canceled', 'validating');
    await expect(begin(limits({ runsAnHour: 1 }), who)).rejects.toMatchObject(refusal('limits.runsAnHour'));
    await db.pool.query(`UPDATE runs SET created_at = created_at - interval '61 minutes' WHERE id = $1`, [first.id]);
    await begin(limits({ runsAnHour: 1 }), who);
  });

  test('locks, when a run begins and when it would take one more', async () => {
    const who = nameIt('agent:a');
    const [one, two] = [await begin(limits({}), who), await begin(limits({}), who)];
    const takeOne = (run: RunRecord, lock: string) =>
      act(run, (context) => context.takeLock(lock, { mostOfRequester: 1 }));
    expect(await takeOne(one, nameIt('terraform:a'))).toBe(true);
    await expect(begin(limits({ locks: 1 }), who)).rejects.toMatchObject(refusal('limits.locks'));
    const refused = nameIt('terraform:b');
    await takeOne(two, refused);
    expect(await store.get(two.id)).toMatchObject({ state: 'errored', outcome: refusal('limits.locks') });
    expect((await locks.list()).map(({ name }) => name)).not.toContain(refused);
  });

  test('are counted one by one for requests that come at once', async () => {
    const who = nameIt('agent:a');
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => begin(limits({ openRuns: 2 }), who)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });

  test.each([
    ['of the target', (who: string) => begin({ openRuns: 4 }, who, 'full'), 'target'],
    ['of open runs', (who: string) => begin(limits({ openRuns: 4 }), who), 'limits.openRuns'],
    ['of runs an hour', (who: string) => begin(limits({ runsAnHour: 4 }), who), 'limits.runsAnHour'],
  ])('let as many begin at once as fill the limit %s, and not one more', async (_, ask, field) => {
    const who = nameIt('agent:a');
    await Promise.all(Array.from({ length: 3 }, () => ask(who)));
    await ask(who);
    await expect(ask(who)).rejects.toMatchObject(refusal(field));
  });

  test('hold for 120 that come at once to three processes; whom one limit refuses takes no place of another', async () => {
    const stores = [store, new RunStore(db.pool), new RunStore(db.pool)];
    const [busy, calm] = [nameIt('agent:busy'), nameIt('agent:calm')];
    const [small, large] = [nameIt('target:small'), nameIt('target:large')];
    const ask = (index: number) => {
      const run = {
        title: `Change ${index}`,
        target: index % 2 === 0 ? small : large,
        environment: 'staging',
        persona: 'devops',
        requester: { principal: index % 3 === 0 ? busy : calm, onBehalfOf: null },
        request: { index },
      };
      const most = { openRuns: index % 3 === 0 ? 5 : 100, runsAnHour: 100, locks: 100 };
      // Some are begun with something beside, in a transaction of several statements.
      const beside = index % 10 === 0 ? [async () => undefined] : [];
      const own = stores[index % stores.length] ?? store;
      return own.start(run, 'test/1', { openRuns: index % 2 === 0 ? 12 : 200, requester: most }, ...beside);
    };
    const asked = await Promise.allSettled(Array.from({ length: 120 }, (_, index) => ask(index)));
    const begun = asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const of = (what: (run: RunRecord) => boolean) => begun.filter(what).length;
    expect(of(({ target }) => target === small)).toBe(12);
    expect(of(({ requester }) => requester.principal === busy)).toBe(5);
    // Forty of the sixty ask for the target that takes all, as the one whom nothing limits.
    expect(of(({ target, requester }) => target === large && requester.principal === calm)).toBe(40);
    const refusals = asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(refusals.map(({ code }) => code)).toEqual(refusals.map(() => 'RUN_LIMIT_REACHED'));
    for (const run of begun) {
      expect(await store.get(run.id)).toEqual(run);
      expect((await store.events(run.id)).map(({ kind }) => kind)).toEqual(['run:started']);
    }
  });
});
