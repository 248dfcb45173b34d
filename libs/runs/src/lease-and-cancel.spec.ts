import { describe, expect, test } from '@jest/globals';
import { type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import {
  done,
  type Effect,
  type Pipeline,
  RunEngine,
  type RunEngineOptions,
  type RunRecord,
  type Step,
} from './index.js';
import { asAny, RunsUnderTest, race } from './run-engine.spec-kit.js';

const runs = new RunsUnderTest();
// Some are left open, and all are of one agent.
const begin = (): Promise<RunRecord> => runs.begin(100);

const owner = { by: 'person:owner', reason: 'wrong' };
const effect = (name: string, kind: Effect['kind'] = 'once'): Effect => {
  const own = { name, race, key: ({ id, round }: RunRecord) => `${id}/${round}` };
  return kind === 'once' ? { ...own, kind, reconcile: async () => ({ found: 'absent' }) } : { ...own, kind };
};

/** A road whose apply releases one effect; `acts` tells how often. */
function road(change: Readonly<Record<string, Partial<Step>>> = {}): { readonly made: Pipeline; acts: string[] } {
  const acts: string[] = [];
  const plain = { effects: [], execute: async () => done('ok') };
  const steps: Step[] = [
    { ...plain, name: 'validate', state: 'validating' },
    { ...plain, name: 'plan', state: 'planning' },
    { ...plain, name: 'check-plan', state: 'policy_checking' },
    { ...plain, name: 'confirm', state: 'awaiting_approval', doneState: 'confirmed' },
    {
      name: 'apply',
      state: 'applying',
      reentersAt: 'confirm',
      failsAs: 'apply_failed',
      effects: [effect('release')],
      execute: async (context) => {
        await context.effect('release', asAny, async (key) => acts.push(key));
        return done('applied');
      },
    },
    { ...plain, name: 'merge', state: 'merging', reentersAt: 'confirm' },
    { ...plain, name: 'verify', state: 'verifying' },
  ];
  return {
    made: {
      version: 'test/1',
      steps: steps.map((step) => ({ ...step, ...change[step.name] })),
      roundStartsAt: 'validate',
      maxRounds: 3,
    },
    acts,
  };
}

let workers = 0;
function engine(made: Pipeline, options: Partial<RunEngineOptions> = {}): RunEngine {
  workers += 1;
  return new RunEngine({ pool: runs.pool, pipelines: [made], worker: `w${workers}`, backOffMs: 0, ...options });
}
const onceAt = (name: string, what: () => Promise<void>): FaultPoints => {
  let isMet = false;
  return {
    at: async (point, detail) => {
      if (
        isMet ||
        point !== name ||
        (detail?.effect !== undefined && !['release', 'confirm-check'].includes(detail.effect))
      )
        return;
      isMet = true;
      await what();
    },
  };
};

describe('a worker that was away between intent and act', () => {
  const LEASE_MS = 30_000;

  test('does not act once its lease may be over and another has gone on', async () => {
    const run = await begin();
    const { made, acts } = road();
    let now = 1000;
    const faults = onceAt('runs:effect:intended', async () => {
      // What a pause does: the database's clock runs on, the lease is over, another worker does the rest.
      await runs.pool.query(`UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1`, [run.id]);
      expect((await engine(made).advance(run.id)).kind).toBe('ended');
      now += LEASE_MS;
    });
    const away = engine(made, { faults, leaseMs: LEASE_MS, monotonic: () => now });
    expect(await away.advance(run.id)).toEqual({ kind: 'nothing' });
    expect(acts).toHaveLength(1);
  });

  test('renews its lease where nobody has gone on, and acts then', async () => {
    const run = await begin();
    const { made, acts } = road();
    let now = 1000;
    let until: number | undefined;
    // To the microsecond: two statements may fall into one millisecond.
    const leaseOf = async () => {
      const text = 'SELECT extract(epoch FROM lease_until)::float8 AS until FROM runs WHERE id = $1';
      return (await runs.pool.query<{ until: number }>(text, [run.id])).rows[0];
    };
    const acting = road({
      apply: {
        execute: async (context) => {
          await context.effect('release', asAny, async (key) => {
            until = (await leaseOf())?.until;
            return acts.push(key);
          });
          return done('applied');
        },
      },
    });
    let before: number | undefined;
    const faults = onceAt('runs:effect:intended', async () => {
      before = (await leaseOf())?.until;
      now += LEASE_MS;
    });
    const away = engine(acting.made, { faults, leaseMs: LEASE_MS, monotonic: () => now });
    expect((await away.advance(run.id)).kind).toBe('ended');
    expect(acts).toHaveLength(1);
    expect(until).toBeGreaterThan(before ?? Number.POSITIVE_INFINITY);
    expect(made.version).toBe('test/1');
  });

  test('does not act on an idempotent effect either', async () => {
    const run = await begin();
    const acts: string[] = [];
    const { made } = road({
      validate: {
        effects: [effect('release', 'idempotent')],
        execute: async (context) => {
          await context.effect('release', asAny, async (key) => acts.push(key));
          return done('ok');
        },
      },
    });
    let now = 1000;
    const faults = onceAt('runs:effect:intended', async () => {
      await runs.pool.query('UPDATE runs SET fence = fence + 1 WHERE id = $1', [run.id]);
      now += LEASE_MS;
    });
    const away = engine(made, { faults, leaseMs: LEASE_MS, monotonic: () => now });
    expect(await away.advance(run.id)).toEqual({ kind: 'nothing' });
    expect(acts).toEqual([]);
  });

  test('says nothing of how things stand either', async () => {
    const run = await begin();
    const said: string[] = [];
    const telling = { name: 'confirm-check', race };
    const { made } = road({
      confirm: {
        tells: [telling],
        execute: async (context) => {
          await context.tell('confirm-check', async () => said.push('it stands well'));
          return done('ok');
        },
      },
    });
    let now = 1000;
    const faults = onceAt('runs:tell:intended', async () => {
      await runs.pool.query('UPDATE runs SET fence = fence + 1 WHERE id = $1', [run.id]);
      now += LEASE_MS;
    });
    const away = engine(made, { faults, leaseMs: LEASE_MS, monotonic: () => now });
    expect(await away.advance(run.id)).toEqual({ kind: 'nothing' });
    expect(said).toEqual([]);
    await runs.pool.query('UPDATE runs SET lease_until = NULL, lease_owner = NULL WHERE id = $1', [run.id]);
    expect((await engine(made).advance(run.id)).kind).toBe('ended');
    expect(said).toHaveLength(1);
  });
});

describe('a cancel that was taken', () => {
  test('while confirm had decided already ends the run canceled, and nothing is released', async () => {
    const run = await begin();
    const { made, acts } = road({
      confirm: {
        execute: async () => {
          await runs.store.requestCancel(run.id, owner);
          return done('the votes are there');
        },
      },
    });
    expect((await engine(made).advance(run.id)).kind).toBe('ended');
    expect(await runs.store.get(run.id)).toMatchObject({ state: 'canceled', outcome: null });
    expect(acts).toEqual([]);
    expect((await runs.store.steps(run.id)).map(({ step }) => step)).not.toContain('apply');
  });

  test('is heeded by the worker that finds the run confirmed', async () => {
    const run = await begin();
    const { made, acts } = road({
      confirm: {
        execute: async () => {
          await runs.store.requestCancel(run.id, owner);
          return done('the votes are there');
        },
      },
    });
    const faults = onceAt('runs:step:recorded', async () => undefined);
    const dies: FaultPoints = {
      at: (point, detail) => {
        if (point !== 'runs:step:recorded' || detail?.step !== 'confirm') return faults.at(point, detail);
        throw new PlanwardenError('LEASE_LOST', 'the worker died', { remedy: 'none' });
      },
    };
    expect(await engine(made, { faults: dies }).advance(run.id)).toEqual({ kind: 'nothing' });
    expect((await runs.store.get(run.id)).state).toBe('confirmed');
    await runs.pool.query('UPDATE runs SET lease_until = NULL, lease_owner = NULL WHERE id = $1', [run.id]);
    await runs.store.wake(run.id);
    expect((await engine(made).advance(run.id)).kind).toBe('ended');
    expect((await runs.store.get(run.id)).state).toBe('canceled');
    expect(acts).toEqual([]);
  });

  test('as a discard ends it discarded in the same way', async () => {
    const run = await begin();
    const { made, acts } = road({
      confirm: {
        execute: async (context) => {
          if (context.run.wait === null) return { kind: 'wait', reason: 'approval', message: 'a vote', forMs: 0 };
          await runs.store.requestDiscard(run.id, owner);
          return done('the votes are there');
        },
      },
    });
    expect((await engine(made).advance(run.id)).kind).toBe('parked');
    expect((await engine(made).advance(run.id)).kind).toBe('ended');
    expect(await runs.store.get(run.id)).toMatchObject({ state: 'discarded', outcome: { code: 'VOTE_REJECTED' } });
    expect(acts).toEqual([]);
  });
});

test('a cancel that is heard just before a step begins reaches that step: it begins nothing outside', async () => {
  const run = await begin();
  const acts: string[] = [];
  const { made } = road({
    validate: {
      effects: [effect('release')],
      execute: async (context) => {
        await context.effect('release', asAny, async (key) => acts.push(key));
        return done('ok');
      },
    },
  });
  const leaseOf = async () => {
    const { rows } = await runs.pool.query<{ until: Date }>('SELECT lease_until AS until FROM runs WHERE id = $1', [
      run.id,
    ]);
    return rows[0]?.until.getTime();
  };
  const faults = onceAt('runs:step:started', async () => {
    await runs.store.requestCancel(run.id, owner);
    // The lease is renewed twice from here: the second time at the latest brings the cancel along.
    for (let renewed = 0, last = await leaseOf(); renewed < 2; ) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const now = await leaseOf();
      if (now !== last) renewed += 1;
      last = now;
    }
  });
  // By its own clock, which stands still, the lease is never over, however long this machine takes.
  expect((await engine(made, { faults, leaseMs: 900, monotonic: () => 0 }).advance(run.id)).kind).toBe('ended');
  expect((await runs.store.get(run.id)).state).toBe('canceled');
  expect(acts).toEqual([]);
});

test('a cancel is refused once something was released, also where the road waits at confirm again', async () => {
  const run = await begin();
  let isFirst = true;
  const { made, acts } = road({
    confirm: {
      execute: async () =>
        isFirst ? done('ok') : { kind: 'wait', reason: 'freeze', message: 'all stand still', forMs: 0 },
    },
    merge: {
      execute: async () => {
        isFirst = false;
        return { kind: 'back', step: 'confirm', message: 'the approval grew old' };
      },
    },
  });
  expect((await engine(made).advance(run.id)).kind).toBe('parked');
  expect((await runs.store.get(run.id)).state).toBe('awaiting_approval');
  expect(acts).toHaveLength(1);
  await expect(runs.store.requestCancel(run.id, owner)).rejects.toMatchObject({ code: 'RUN_ENDED' });
  await expect(runs.store.requestDiscard(run.id, owner)).rejects.toMatchObject({ code: 'RUN_ENDED' });
  expect(await runs.store.get(run.id)).toMatchObject({ cancel: null, discard: null });
});

test('a target that never answers what was released is asked no longer than a step may take; the cancel waits', async () => {
  const run = await begin();
  let asked = 0;
  const silent: Effect = {
    ...{ name: 'release', kind: 'once', race, key: ({ id }: RunRecord) => id },
    reconcile: async () => {
      asked += 1;
      return asked === 1 ? new Promise(() => undefined) : { found: 'present', result: 'theirs' };
    },
  };
  let isFirst = true;
  const { made } = road({
    confirm: {
      execute: async (context) => {
        if (!isFirst && context.run.cancel === null) await runs.store.requestCancel(run.id, owner);
        return done('confirmed');
      },
    },
    apply: {
      deadlineMs: 500,
      effects: [silent],
      execute: async (context) => {
        await context.effect('release', asAny, async () => {
          isFirst = false;
          throw new PlanwardenError('LEASE_LOST', 'the worker died', { remedy: 'none' });
        });
        return done('applied');
      },
    },
  });
  await engine(made).advance(run.id);
  await runs.pool.query("UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1", [run.id]);
  const worker = engine(made, { stepGraceMs: 10, maxBackOffMs: 0 });
  // On a slow machine the step itself may take too long, and is tried again.
  while ((await worker.advance(run.id)).kind !== 'ended');
  expect([(await runs.store.get(run.id)).state, asked > 1]).toEqual(['applied', true]);
});
