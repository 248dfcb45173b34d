import { describe, expect, test } from '@jest/globals';
import { PlanwardenError, silentLog } from '@planwarden/contracts';
import { createWorker, done, listenToBell, openBell, type Reconciled, RunEngine, type Step } from './index.js';
import { asAny, pipeline, RunsUnderTest, race, straight, withStep } from './run-engine.spec-kit.js';

const runs = new RunsUnderTest();
const { begin, engine, kinds } = runs;

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
    const after = await runs.store.get(run.id);
    expect(after).toMatchObject({ state: 'applied', ended: true, wait: null, outcome: null });
    const events = await runs.store.events(run.id);
    expect(events.map((e) => e.seq)).toEqual(events.map((_, i) => i + 1));
    expect(events.at(-1)?.kind).toBe('run:ended');
    const steps = await runs.store.steps(run.id);
    expect(steps.find((s) => s.step === 'check-plan')?.output).toEqual({ saw: { n: 1 } });
    expect(steps.every((s) => s.state === 'done')).toBe(true);
  });

  test('tells the log every end and every new round, with the id of the run', async () => {
    const said: unknown[] = [];
    const log = { ...silentLog, info: (fields: object, message: string) => void said.push({ ...fields, message }) };
    const moved = { code: 'HEAD_MOVED', message: 'the branch moved', remedy: 'Wait.' };
    const looked: Step['execute'] = async ({ run }) =>
      run.round === 1 ? { kind: 'new-round', error: moved } : done('ok');
    const { id } = await begin();
    const made = withStep('check-plan', { execute: looked });
    const options = { pool: runs.pool, pipelines: [made], worker: 'w-log', log };
    expect(await new RunEngine(options).advance(id)).toEqual({ kind: 'ended' });
    expect(said).toContainEqual({ run: id, round: 2, code: 'HEAD_MOVED', message: 'a new round begins' });
    expect(said.at(-1)).toEqual({ run: id, state: 'applied', message: 'run ended' });
  });

  test('an ended run never changes: a second advance and a cancel find nothing to do', async () => {
    const run = await begin();
    await engine(pipeline(...straight)).advance(run.id);
    const before = await kinds(run.id);
    expect(await engine(pipeline(...straight)).advance(run.id)).toEqual({ kind: 'nothing' });
    await expect(runs.store.requestCancel(run.id, { by: 'person:owner', reason: '' })).rejects.toMatchObject({
      code: 'RUN_ENDED',
    });
    await runs.store.wake(run.id);
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
    expect((await runs.store.get(run.id)).wait).toEqual({ reason: 'approval', message: 'one vote is missing' });
    const parked = await kinds(run.id);
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'nothing' });
    await runs.store.wake(run.id);
    expect((await engine(made).advance(run.id)).kind).toBe('parked');
    expect(await kinds(run.id)).toEqual(parked);
    isOpen = true;
    await runs.store.wake(run.id);
    expect((await engine(made).advance(run.id)).kind).toBe('ended');
    expect((await runs.store.get(run.id)).wait).toBeNull();
  });

  test('a bell that rings while the run is held is not lost', async () => {
    const run = await begin();
    const made = withStep('confirm', {
      execute: async (context) => {
        await runs.store.wake(context.run.id);
        return { kind: 'wait', reason: 'approval', message: 'one vote is missing', forMs: 60_000 };
      },
    });
    await engine(made).advance(run.id);
    expect(await runs.store.due(1000)).toContain(run.id);
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
    const after = await runs.store.get(run.id);
    expect(after).toMatchObject({ state: 'errored', round: 3, outcome: { code: 'ROUNDS_EXHAUSTED' } });
    expect((await runs.store.steps(run.id)).filter((s) => s.step === 'gather').map((s) => s.round)).toEqual([1]);
  });

  test('a version or a step that this release does not have parks the run, and a release that has it ends it', async () => {
    const next = { ...pipeline(...straight), version: 'test/2' };
    const run = await begin();
    expect((await engine(next).advance(run.id)).kind).toBe('parked');
    const waiting = await runs.store.get(run.id);
    expect(waiting).toMatchObject({ state: 'pending', wait: { reason: 'pipeline_changed' } });
    expect(waiting.wait?.message).toBe('this release does not have pipeline test/1');
    expect((await runs.store.events(run.id)).at(-1)).toMatchObject({ kind: 'run:parked', code: 'PIPELINE_CHANGED' });
    await runs.store.wake(run.id);
    const both = { pool: runs.pool, pipelines: [next, pipeline(...straight)], worker: 'both' };
    expect((await new RunEngine(both).advance(run.id)).kind).toBe('ended');
    const other = await begin();
    await engine(
      withStep('plan', { execute: async () => ({ kind: 'wait', reason: 'lock', message: 'held', forMs: 0 }) }),
    ).advance(other.id);
    const without = pipeline(...straight.filter(({ name }) => name !== 'plan'));
    await engine(without).advance(other.id);
    expect((await runs.store.get(other.id)).wait?.message).toBe(
      'this release does not have step plan of pipeline test/1',
    );
    expect(() => new RunEngine({ ...both, pipelines: [next, next] })).toThrow('there twice');
  });

  test('a cancel between steps ends the run and tidies up first', async () => {
    const run = await begin();
    const tidied: string[] = [];
    const made = withStep('plan', {
      execute: async (context) => {
        await runs.store.requestCancel(context.run.id, { by: 'person:owner', reason: 'wrong image' });
        return done('planned');
      },
    });
    await engine({ ...made, beforeEnd: { tells: [], tidy: async (_, end) => void tidied.push(end.state) } }).advance(
      run.id,
    );
    expect(await runs.store.get(run.id)).toMatchObject({
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
          await runs.store.requestCancel(context.run.id, { by: 'person:owner', reason: 'late' });
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
    await runs.pool.query("UPDATE runs SET state = 'awaiting_approval' WHERE id = $1", [run.id]);
    await engine(made).advance(run.id);
    await runs.pool.query(`UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1`, [run.id]);
    await engine(made).advance(run.id);
    await engine(made).advance(run.id);
    expect(await runs.store.get(run.id)).toMatchObject({ state, ended: true });
  });

  test('the limit of open runs of a target refuses one more', async () => {
    const first = await begin(1);
    await expect(runs.store.start({ ...first, request: {} }, 'test/1', { openRuns: 1 })).rejects.toMatchObject({
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

describe('the worker', () => {
  test('hears the bell, finds runs whose bell was lost, and leaves nothing running', async () => {
    const [rung, lost] = [await begin(), await begin()];
    const backend = { store: 'postgres', connectionString: runs.connectionString } as const;
    const bell = await openBell(backend, silentLog);
    const worker = await createWorker({
      engine: engine(pipeline(...straight)),
      store: runs.store,
      bell,
      listen: (onRing, concurrency) => listenToBell(backend, onRing, concurrency, silentLog),
      log: silentLog,
      sweepMs: 50,
    });
    await bell.ring(rung.id);
    await until(async () => (await runs.store.get(rung.id)).ended && (await runs.store.get(lost.id)).ended);
    await worker.close();
    await bell.close();
    expect((await runs.store.get(lost.id)).state).toBe('applied');
  });

  test('a follower sees every entry once and in order', async () => {
    const start = await runs.store.lastPosition();
    const run = await begin();
    await engine(pipeline(...straight)).advance(run.id);
    const followed = await runs.store.follow(start, 1000, run.id);
    expect(followed.map((e) => e.seq)).toEqual((await runs.store.events(run.id)).map((e) => e.seq));
  });

  test('a follower misses no entry whose transaction takes an earlier position and commits later', async () => {
    const run = await begin();
    const start = await runs.store.lastPosition();
    const [early, late] = [await runs.pool.connect(), await runs.pool.connect()];
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
      const first = await runs.store.follow(start, 1000, run.id);
      await late.query('COMMIT');
      const rest = await runs.store.follow(first.at(-1)?.position ?? start, 1000, run.id);
      expect([...first, ...rest].map((event) => event.seq).sort()).toEqual([901, 902]);
    } finally {
      early.release();
      late.release();
    }
  });

  test('the journal refuses to be changed', async () => {
    await expect(runs.pool.query(`UPDATE run_events SET message = 'x'`)).rejects.toThrow('append-only');
  });
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
}
