import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type FaultPoints, PlanwardenError, RUN_STATES, silentLog } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import {
  assertPipeline,
  assertTransition,
  createWorker,
  done,
  listenToBell,
  migrateRuns,
  openBell,
  type Pipeline,
  type Reconciled,
  RUN_TRANSITIONS,
  RunEngine,
  type RunRecord,
  RunStore,
  runStatesDiagram,
  type Step,
} from './index.js';

let db: TestDatabase;
let store: RunStore;

beforeAll(async () => {
  db = await startTestDatabase();
  await migrateRuns(db.pool);
  await migrateRuns(db.pool);
  store = new RunStore(db.pool);
});
afterAll(async () => {
  await db.close();
});

const asAny = { parse: (value: unknown) => value };
const asText = {
  parse: (value: unknown) => {
    if (typeof value !== 'string') throw new Error('not a text');
    return value;
  },
};

const race = { key: 'the run', guard: 'unique', asks: 'whether it is there', leaves: 'one' };
let targets = 0;
async function begin(openRuns = 10): Promise<RunRecord> {
  targets += 1;
  return store.start(
    {
      title: 'Run nginx',
      target: `staging-${targets}`,
      environment: 'staging',
      persona: 'devops',
      requester: { principal: 'agent:assistant', onBehalfOf: 'owner' },
      request: { template: 'web-application' },
    },
    'test/1',
    { openRuns },
  );
}

function pipeline(...steps: Partial<Step>[]): Pipeline {
  const all = steps.map(
    (step, index): Step => ({
      name: `step-${index + 1}`,
      state: 'validating',
      effects: [],
      execute: async () => done('ok'),
      ...step,
    }),
  );
  return { version: 'test/1', steps: all, roundStartsAt: all[0]?.name ?? '', maxRounds: 3 };
}

const engine = (made: Pipeline, faults?: FaultPoints, leaseMs = 30_000) =>
  new RunEngine({
    pool: db.pool,
    pipelines: [made],
    worker: `w${Math.random()}`,
    leaseMs,
    backOffMs: 1,
    ...(faults ? { faults } : {}),
  });

const kinds = async (id: string) => (await store.events(id)).map((event) => event.kind);
const verifying: Partial<Step> = { name: 'verify', state: 'verifying' };
/** Straight through the states, so that the last step may end `applied`. */
const straight: Partial<Step>[] = [
  { name: 'validate', state: 'validating' },
  { name: 'plan', state: 'planning' },
  { name: 'check-plan', state: 'policy_checking' },
  { name: 'confirm', state: 'awaiting_approval', doneState: 'confirmed' },
  { name: 'apply', state: 'applying', failsAs: 'apply_failed' },
  { name: 'merge', state: 'merging', reentersAt: 'confirm', failsAs: 'apply_failed' },
  verifying,
];
const withStep = (name: string, change: Partial<Step>) =>
  pipeline(...straight.map((step) => (step.name === name ? { ...step, ...change } : step)));

describe('states', () => {
  test('every state stands in the map, ends have no way out, and all are reached from pending', () => {
    expect(Object.keys(RUN_TRANSITIONS).sort()).toEqual([...RUN_STATES].sort());
    const reached = new Set<string>(['pending']);
    for (const from of reached) for (const to of RUN_TRANSITIONS[from as keyof typeof RUN_TRANSITIONS]) reached.add(to);
    expect([...reached].sort()).toEqual([...RUN_STATES].sort());
    expect(() => assertTransition('applied', 'validating')).toThrow('cannot go from applied to validating');
    expect(() => assertTransition('merging', 'verifying')).not.toThrow();
    expect(runStatesDiagram()).toContain('  merging --> verifying');
  });
});

describe('a run', () => {
  test('goes through its steps in order and ends applied, gapless in the journal', async () => {
    const run = await begin();
    const made = withStep('check-plan', {
      execute: async (context) => done('checked', { saw: await context.output('plan', asAny) }),
    });
    const result = await engine({
      ...made,
      steps: made.steps.map((s) => (s.name === 'plan' ? { ...s, execute: async () => done('planned', { n: 1 }) } : s)),
    }).advance(run.id);
    expect(result.kind).toBe('ended');
    const after = await store.get(run.id);
    expect(after).toMatchObject({ state: 'applied', ended: true, wait: null, outcome: null });
    const events = await store.events(run.id);
    expect(events.map((e) => e.seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(-1)?.kind).toBe('run:ended');
    const steps = await store.steps(run.id);
    expect(steps.find((s) => s.step === 'check-plan')?.output).toEqual({ saw: { n: 1 } });
    expect(steps.every((s) => s.state === 'done')).toBe(true);
  });

  test('an ended run never changes: a second advance and a cancel find nothing to do', async () => {
    const run = await begin();
    await engine(pipeline(...straight)).advance(run.id);
    const before = await kinds(run.id);
    expect(await engine(pipeline(...straight)).advance(run.id)).toEqual({ kind: 'nothing' });
    await expect(store.requestCancel(run.id, { by: 'person:owner', reason: '' })).rejects.toMatchObject({
      code: 'RUN_ENDED',
    });
    await store.wake(run.id);
    expect(await kinds(run.id)).toEqual(before);
  });

  test('parks without a journal entry for every look, and goes on when woken', async () => {
    const run = await begin();
    let isOpen = false;
    const made = withStep('confirm', {
      execute: async () =>
        isOpen
          ? done('votes are there')
          : { kind: 'wait', reason: 'approval', message: 'one vote is missing', forMs: 60_000 },
    });
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'parked', wakeInMs: 60_000 });
    expect((await store.get(run.id)).wait).toEqual({ reason: 'approval', message: 'one vote is missing' });
    const parked = await kinds(run.id);
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'nothing' });
    await store.wake(run.id);
    expect((await engine(made).advance(run.id)).kind).toBe('parked');
    expect(await kinds(run.id)).toEqual(parked);
    isOpen = true;
    await store.wake(run.id);
    expect((await engine(made).advance(run.id)).kind).toBe('ended');
    expect((await store.get(run.id)).wait).toBeNull();
  });

  test('a bell that rings while the run is held is not lost', async () => {
    const run = await begin();
    const made = withStep('confirm', {
      execute: async (context) => {
        await store.wake(context.run.id);
        return { kind: 'wait', reason: 'approval', message: 'one vote is missing', forMs: 60_000 };
      },
    });
    await engine(made).advance(run.id);
    expect(await store.due(1000)).toContain(run.id);
  });

  test('a new round begins at the named step, and after the last one the run ends ROUNDS_EXHAUSTED', async () => {
    const run = await begin();
    const error = { code: 'HEAD_MOVED', message: 'the branch moved', remedy: 'none' };
    const seen: number[] = [];
    const made = withStep('confirm', {
      execute: async (context) => {
        seen.push(context.run.round);
        return { kind: 'new-round', error };
      },
    });
    const gather: Step = { name: 'gather', state: 'validating', effects: [], execute: async () => done('gathered') };
    await engine({ ...made, steps: [gather, ...made.steps], roundStartsAt: 'validate' }).advance(run.id);
    expect(seen).toEqual([1, 2, 3]);
    const after = await store.get(run.id);
    expect(after).toMatchObject({ state: 'errored', round: 3, outcome: { code: 'ROUNDS_EXHAUSTED' } });
    expect((await store.steps(run.id)).filter((s) => s.step === 'gather').map((s) => s.round)).toEqual([1]);
  });

  test('a version or a step that this release does not have parks the run, and a release that has it ends it', async () => {
    const next = { ...pipeline(...straight), version: 'test/2' };
    const run = await begin();
    expect((await engine(next).advance(run.id)).kind).toBe('parked');
    const waiting = await store.get(run.id);
    expect(waiting).toMatchObject({ state: 'pending', wait: { reason: 'pipeline_changed' } });
    expect(waiting.wait?.message).toBe('this release does not have pipeline test/1');
    expect((await store.events(run.id)).at(-1)).toMatchObject({ kind: 'run:parked', code: 'PIPELINE_CHANGED' });
    await store.wake(run.id);
    const both = { pool: db.pool, pipelines: [next, pipeline(...straight)], worker: 'both' };
    expect((await new RunEngine(both).advance(run.id)).kind).toBe('ended');
    const other = await begin();
    await engine(
      withStep('plan', { execute: async () => ({ kind: 'wait', reason: 'lock', message: 'held', forMs: 0 }) }),
    ).advance(other.id);
    const without = pipeline(...straight.filter(({ name }) => name !== 'plan'));
    await engine(without).advance(other.id);
    expect((await store.get(other.id)).wait?.message).toBe('this release does not have step plan of pipeline test/1');
    expect(() => new RunEngine({ ...both, pipelines: [next, next] })).toThrow('there twice');
  });

  test('a cancel between steps ends the run and tidies up first', async () => {
    const run = await begin();
    const tidied: string[] = [];
    const made = withStep('plan', {
      execute: async (context) => {
        await store.requestCancel(context.run.id, { by: 'person:owner', reason: 'wrong image' });
        return done('planned');
      },
    });
    await engine({ ...made, beforeEnd: { tells: [], tidy: async (_, end) => void tidied.push(end.state) } }).advance(
      run.id,
    );
    expect(await store.get(run.id)).toMatchObject({
      state: 'canceled',
      ended: true,
      cancel: { reason: 'wrong image' },
    });
    expect(tidied).toEqual(['canceled']);
  });

  test.each<[string, Reconciled | Error, string]>([
    ['was released', { found: 'present', result: null }, 'applied'],
    ['may have been released', new Error('nobody answers'), 'applied'],
    ['was not released', { found: 'absent' }, 'canceled'],
  ])('a cancel after a crash, when the effect %s, ends the run as it is', async (_, found, state) => {
    const run = await begin();
    let isFirst = true;
    const made = pipeline(
      {
        name: 'confirm',
        state: 'awaiting_approval',
        doneState: 'confirmed',
        execute: async (context) => {
          // The second time the road enters here, somebody has asked for a cancel meanwhile.
          if (isFirst || context.run.cancel !== null) return done('confirmed');
          await store.requestCancel(context.run.id, { by: 'person:owner', reason: 'late' });
          return { kind: 'wait', reason: 'outside_down', message: 'later', forMs: 0 };
        },
      },
      { name: 'apply', state: 'applying', execute: async () => done('nothing to apply') },
      {
        name: 'merge',
        state: 'merging',
        reentersAt: 'confirm',
        effects: [
          {
            name: 'merge',
            kind: 'once',
            race,
            key: ({ id }) => id,
            reconcile: async () => {
              if (found instanceof Error) throw found;
              return found;
            },
          },
        ],
        execute: async (context) => {
          if (!isFirst) return done('merged');
          isFirst = false;
          await context.effect('merge', asAny, async () => {
            throw new PlanwardenError('LEASE_LOST', 'the worker died', { remedy: 'none' });
          });
          return done('merged');
        },
      },
      { name: 'verify', state: 'verifying' },
    );
    await db.pool.query("UPDATE runs SET state = 'awaiting_approval' WHERE id = $1", [run.id]);
    await engine(made).advance(run.id);
    await db.pool.query(`UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1`, [run.id]);
    await engine(made).advance(run.id);
    await engine(made).advance(run.id);
    expect(await store.get(run.id)).toMatchObject({ state, ended: true });
  });

  test('the limit of open runs of a target refuses one more', async () => {
    const first = await begin(1);
    await expect(store.start({ ...first, request: {} }, 'test/1', { openRuns: 1 })).rejects.toMatchObject({
      code: 'RUN_LIMIT_REACHED',
      where: { field: 'target' },
    });
  });

  test('a lock belongs to one run until that run ends', async () => {
    const [one, two] = [await begin(), await begin()];
    const got: boolean[] = [];
    const made = (then: 'wait' | 'go') =>
      withStep('plan', {
        execute: async (context) => {
          got.push(await context.takeLock('path:apps'));
          return then === 'go' ? done('ok') : { kind: 'wait', reason: 'lock', message: 'held', forMs: 0 };
        },
      });
    await engine(made('wait')).advance(one.id);
    await engine(made('wait')).advance(two.id);
    await engine(made('go')).advance(one.id);
    await engine(made('wait')).advance(two.id);
    expect(got).toEqual([true, false, true, true]);
  });
});

describe('failures', () => {
  const down = () =>
    new PlanwardenError('OUTSIDE_UNAVAILABLE', 'GitHub does not answer', { remedy: 'Wait.', failure: 'retryable' });

  test('a retryable one parks with a back-off and ends the run when it lasts', async () => {
    const run = await begin();
    const made = withStep('plan', { execute: async () => Promise.reject(down()) });
    const worker = new RunEngine({ pool: db.pool, pipelines: [made], worker: 'w', backOffMs: 0, maxAttempts: 3 });
    expect(await worker.advance(run.id)).toEqual({ kind: 'parked', wakeInMs: 0 });
    expect((await store.get(run.id)).wait).toEqual({ reason: 'outside_down', message: 'GitHub does not answer' });
    await worker.advance(run.id);
    expect((await worker.advance(run.id)).kind).toBe('ended');
    expect(await store.get(run.id)).toMatchObject({ state: 'errored', outcome: { code: 'OUTSIDE_UNAVAILABLE' } });
  });

  test('the back-off doubles up to its cap, whoever tries, and begins anew with the next step', async () => {
    const run = await begin();
    let isDown = true;
    const failing = { execute: async () => (isDown ? Promise.reject(down()) : done('ok')) };
    const steps = straight.map((step) =>
      ['plan', 'check-plan'].includes(step.name ?? '') ? { ...step, ...failing } : step,
    );
    const waits: (number | undefined)[] = [];
    /** Each time another worker: what was tried before is told by the row. */
    const tryOnce = async (): Promise<string> => {
      const times = { backOffMs: 60_000, maxBackOffMs: 210_000, maxAttempts: 6 };
      const worker = new RunEngine({
        pool: db.pool,
        pipelines: [pipeline(...steps)],
        worker: `w${waits.length}`,
        ...times,
      });
      const { kind, wakeInMs } = await worker.advance(run.id);
      waits.push(wakeInMs);
      expect(await store.due(1000)).not.toContain(run.id);
      await store.wake(run.id);
      return kind;
    };
    for (let time = 0; time < 4; time += 1) expect(await tryOnce()).toBe('parked');
    isDown = false;
    steps[2] = { ...straight[2], execute: async () => Promise.reject(down()) };
    for (let time = 0; time < 5; time += 1) expect(await tryOnce()).toBe('parked');
    expect(waits).toEqual([60, 120, 210, 210, 60, 120, 210, 210, 210].map((seconds) => seconds * 1000));
    expect(await tryOnce()).toBe('ended');
    expect(await store.get(run.id)).toMatchObject({ state: 'errored', outcome: { code: 'OUTSIDE_UNAVAILABLE' } });
  });

  test('a step whose road enters again at an earlier one backs off all the same, and is not given up: the earlier one says when', async () => {
    const run = await begin();
    let isDown = true;
    const made = withStep('merge', { execute: async () => (isDown ? Promise.reject(down()) : done('merged')) });
    const waits: (number | undefined)[] = [];
    const times = { backOffMs: 60_000, maxBackOffMs: 210_000, maxAttempts: 3 };
    const tryOnce = async (): Promise<string> => {
      const worker = new RunEngine({ pool: db.pool, pipelines: [made], worker: `w${waits.length}`, ...times });
      const { kind, wakeInMs } = await worker.advance(run.id);
      waits.push(wakeInMs);
      await store.wake(run.id);
      return kind;
    };
    for (let time = 0; time < 5; time += 1) expect(await tryOnce()).toBe('parked');
    expect(waits).toEqual([60, 120, 210, 210, 210].map((seconds) => seconds * 1000));
    isDown = false;
    expect(await tryOnce()).toBe('ended');
    expect(await store.get(run.id)).toMatchObject({ state: 'applied', outcome: null });
  });

  test('an unknown one is final, ends in the state the step names, and shows no inner words', async () => {
    const run = await begin();
    const made = withStep('apply', { execute: async () => Promise.reject(new Error('ghp_secret inside')) });
    await engine(made).advance(run.id);
    const after = await store.get(run.id);
    expect(after).toMatchObject({ state: 'apply_failed', outcome: { code: 'INTERNAL' } });
    expect(JSON.stringify(after.outcome)).not.toContain('inside');
  });

  test('a worker that lost its lease writes nothing more', async () => {
    const run = await begin();
    let second: Promise<unknown> | undefined;
    const made = withStep('plan', {
      execute: async (context) => {
        if (second) return done('by the second');
        await db.pool.query(`UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1`, [
          context.run.id,
        ]);
        second = engine(made).advance(context.run.id);
        await second;
        return done('by the first');
      },
    });
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'nothing' });
    const messages = (await store.events(run.id)).map((event) => event.message);
    expect(messages).toContain('by the second');
    expect(messages).not.toContain('by the first');
    expect((await store.get(run.id)).state).toBe('applied');
  });
});

describe('effects', () => {
  /** A merge whose worker dies at a point, on the first try. */
  function dying(point: string, reconcile: () => Promise<Reconciled>) {
    const acts: string[] = [];
    let died = false;
    const made = withStep('plan', {
      effects: [{ name: 'push', kind: 'once', race, key: (run) => `planwarden/${run.id}`, reconcile }],
      execute: async (context) => {
        const sha = await context.effect('push', asText, async (key) => {
          acts.push(key);
          return 'sha-1';
        });
        return done('pushed', { sha });
      },
    });
    const faults: FaultPoints = {
      at: (name) => {
        if (name !== point || died) return;
        died = true;
        throw new PlanwardenError('OUTSIDE_UNAVAILABLE', 'killed', { remedy: 'none', failure: 'retryable' });
      },
    };
    return { acts, made, engine: engine(made, faults) };
  }
  const twice = async (id: string, worker: RunEngine) => {
    await worker.advance(id);
    await store.wake(id);
    return worker.advance(id);
  };

  test('present: what was done before the crash is found at the target and not done again', async () => {
    const run = await begin();
    const made = dying('runs:effect:acted', async () => ({ found: 'present', result: 'sha-1' }));
    expect((await twice(run.id, made.engine)).kind).toBe('ended');
    expect(made.acts).toEqual([`planwarden/${run.id}`]);
    expect((await store.steps(run.id)).find((s) => s.step === 'plan')?.output).toEqual({ sha: 'sha-1' });
    expect((await store.events(run.id)).map((e) => e.message)).toContain('push had been done before');
  });

  test('absent: an intent without an act is acted once', async () => {
    const run = await begin();
    const made = dying('runs:effect:intended', async () => ({ found: 'absent' }));
    expect((await twice(run.id, made.engine)).kind).toBe('ended');
    expect(made.acts).toHaveLength(1);
  });

  test('recorded: the journal answers, the target is not asked', async () => {
    const run = await begin();
    const made = dying('runs:effect:recorded', async () => Promise.reject(new Error('must not be asked')));
    expect((await twice(run.id, made.engine)).kind).toBe('ended');
    expect(made.acts).toHaveLength(1);
  });

  test('double: the run ends and says so', async () => {
    const run = await begin();
    const made = dying('runs:effect:acted', async () => ({ found: 'double', message: 'two branches' }));
    await twice(run.id, made.engine);
    expect(await store.get(run.id)).toMatchObject({ state: 'errored', outcome: { code: 'EFFECT_DOUBLE' } });
  });

  test('a target that cannot be asked keeps the run waiting and nothing is done', async () => {
    const run = await begin();
    const made = dying('runs:effect:acted', async () =>
      Promise.reject(new PlanwardenError('OUTSIDE_UNAVAILABLE', 'down', { remedy: 'Wait.', failure: 'retryable' })),
    );
    expect((await twice(run.id, made.engine)).kind).toBe('parked');
    expect(made.acts).toHaveLength(1);
  });

  test('what a step carries in memory is gone after a new lease: the road enters again at confirm', async () => {
    const run = await begin();
    const seen: unknown[] = [];
    let tries = 0;
    const steps = straight.map((step): Partial<Step> => {
      if (step.name === 'confirm')
        return {
          ...step,
          execute: async (context) => {
            context.carry.set('approval', context.fence);
            return done('confirmed');
          },
        };
      if (step.name !== 'merge') return step;
      return {
        ...step,
        execute: async (context) => {
          seen.push(context.carry.get('approval') === context.fence);
          tries += 1;
          return tries === 1 ? { kind: 'wait', reason: 'sync', message: 'later', forMs: 0 } : done('merged');
        },
      };
    });
    const made = pipeline(...steps);
    await engine(made).advance(run.id);
    await engine(made).advance(run.id);
    expect(seen).toEqual([true, true]);
    expect((await store.events(run.id)).map((e) => e.message)).toContain('enters again at confirm');
  });

  test('nothing is told that has no row', async () => {
    const run = await begin();
    const said: string[] = [];
    const made = withStep('confirm', {
      execute: async (context) => done('ok', await context.tell('check', async () => said.push('well'))),
    });
    await engine(made).advance(run.id);
    expect([(await store.get(run.id)).state, said]).toEqual(['errored', []]);
  });

  test('a pipeline whose once effect has no reconcile does not start', () => {
    const broken = pipeline({ effects: [{ name: 'push', kind: 'once', race, key: () => 'k' } as never] });
    expect(() => assertPipeline(broken)).toThrow('has no reconcile');
    for (const silent of [undefined, { ...race, leaves: ' ' }]) {
      const what = { name: 'push', kind: 'idempotent', race: silent, key: () => 'k' } as never;
      const end = { tells: [what], tidy: async () => undefined };
      for (const made of [
        pipeline({ effects: [what] }),
        pipeline({ tells: [what] }),
        { ...pipeline({}), beforeEnd: end },
      ]) {
        expect(() => assertPipeline(made)).toThrow('does not say what a race at its target');
      }
    }
  });
});

describe('the worker', () => {
  test('hears the bell, finds runs whose bell was lost, and leaves nothing running', async () => {
    const [rung, lost] = [await begin(), await begin()];
    const backend = { store: 'postgres', connectionString: db.connectionString } as const;
    const bell = await openBell(backend, silentLog);
    const worker = await createWorker({
      engine: engine(pipeline(...straight)),
      store,
      bell,
      listen: (onRing, concurrency) => listenToBell(backend, onRing, concurrency, silentLog),
      log: silentLog,
      sweepMs: 50,
    });
    await bell.ring(rung.id);
    await until(async () => (await store.get(rung.id)).ended && (await store.get(lost.id)).ended);
    await worker.close();
    await bell.close();
    expect((await store.get(lost.id)).state).toBe('applied');
  });

  test('a follower sees every entry once and in order', async () => {
    const start = await store.lastPosition();
    const run = await begin();
    await engine(pipeline(...straight)).advance(run.id);
    const followed = await store.follow(start, 1000, run.id);
    expect(followed.map((e) => e.seq)).toEqual((await store.events(run.id)).map((e) => e.seq));
  });

  test('a follower misses no entry whose transaction takes an earlier position and commits later', async () => {
    const run = await begin();
    const start = await store.lastPosition();
    const [early, late] = [await db.pool.connect(), await db.pool.connect()];
    try {
      for (const client of [early, late]) {
        await client.query('BEGIN');
        await client.query('SELECT pg_current_xact_id()');
      }
      const write = (client: typeof late, seq: number) =>
        client.query(
          `INSERT INTO run_events (run, seq, round, kind, message, data, fence) VALUES ($1, $2, 1, 'note', 'n', 'null', 0)`,
          [run.id, seq],
        );
      await write(late, 901);
      await write(early, 902);
      await early.query('COMMIT');
      const first = await store.follow(start, 1000, run.id);
      await late.query('COMMIT');
      const rest = await store.follow(first.at(-1)?.position ?? start, 1000, run.id);
      expect([...first, ...rest].map((event) => event.seq).sort()).toEqual([901, 902]);
    } finally {
      early.release();
      late.release();
    }
  });

  test('the journal refuses to be changed', async () => {
    await expect(db.pool.query(`UPDATE run_events SET message = 'x'`)).rejects.toThrow('append-only');
  });
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
}
