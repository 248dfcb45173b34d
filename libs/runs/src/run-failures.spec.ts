import { describe, expect, test } from '@jest/globals';
import { PlanwardenError } from '@planwarden/contracts';
import { done, RunEngine } from './index.js';
import { pipeline, RunsUnderTest, straight, withStep } from './run-engine.spec-kit.js';

const runs = new RunsUnderTest();
const { begin, engine } = runs;

describe('failures', () => {
  const down = () =>
    new PlanwardenError('OUTSIDE_UNAVAILABLE', 'GitHub does not answer', { remedy: 'Wait.', failure: 'retryable' });

  test('a retryable one parks with a back-off and ends the run when it lasts', async () => {
    const run = await begin();
    const made = withStep('plan', { execute: async () => Promise.reject(down()) });
    const worker = new RunEngine({ pool: runs.pool, pipelines: [made], worker: 'w', backOffMs: 0, maxAttempts: 3 });
    expect(await worker.advance(run.id)).toEqual({ kind: 'parked', wakeInMs: 0 });
    expect((await runs.store.get(run.id)).wait).toEqual({ reason: 'outside_down', message: 'GitHub does not answer' });
    await worker.advance(run.id);
    expect((await worker.advance(run.id)).kind).toBe('ended');
    expect(await runs.store.get(run.id)).toMatchObject({ state: 'errored', outcome: { code: 'OUTSIDE_UNAVAILABLE' } });
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
        pool: runs.pool,
        pipelines: [pipeline(...steps)],
        worker: `w${waits.length}`,
        ...times,
      });
      const { kind, wakeInMs } = await worker.advance(run.id);
      waits.push(wakeInMs);
      expect(await runs.store.due(1000)).not.toContain(run.id);
      await runs.store.wake(run.id);
      return kind;
    };
    for (let time = 0; time < 4; time += 1) expect(await tryOnce()).toBe('parked');
    isDown = false;
    steps[2] = { ...straight[2], execute: async () => Promise.reject(down()) };
    for (let time = 0; time < 5; time += 1) expect(await tryOnce()).toBe('parked');
    expect(waits).toEqual([60, 120, 210, 210, 60, 120, 210, 210, 210].map((seconds) => seconds * 1000));
    expect(await tryOnce()).toBe('ended');
    expect(await runs.store.get(run.id)).toMatchObject({ state: 'errored', outcome: { code: 'OUTSIDE_UNAVAILABLE' } });
  });

  test('a step whose road enters again at an earlier one backs off all the same, and is not given up: the earlier one says when', async () => {
    const run = await begin();
    let isDown = true;
    const made = withStep('merge', { execute: async () => (isDown ? Promise.reject(down()) : done('merged')) });
    const waits: (number | undefined)[] = [];
    const times = { backOffMs: 60_000, maxBackOffMs: 210_000, maxAttempts: 3 };
    const tryOnce = async (): Promise<string> => {
      const worker = new RunEngine({ pool: runs.pool, pipelines: [made], worker: `w${waits.length}`, ...times });
      const { kind, wakeInMs } = await worker.advance(run.id);
      waits.push(wakeInMs);
      await runs.store.wake(run.id);
      return kind;
    };
    for (let time = 0; time < 5; time += 1) expect(await tryOnce()).toBe('parked');
    expect(waits).toEqual([60, 120, 210, 210, 210].map((seconds) => seconds * 1000));
    isDown = false;
    expect(await tryOnce()).toBe('ended');
    expect(await runs.store.get(run.id)).toMatchObject({ state: 'applied', outcome: null });
  });

  test('an unknown one is final, ends in the state the step names, and shows no inner words', async () => {
    const run = await begin();
    const made = withStep('apply', { execute: async () => Promise.reject(new Error('ghp_secret inside')) });
    await engine(made).advance(run.id);
    const after = await runs.store.get(run.id);
    expect(after).toMatchObject({ state: 'apply_failed', outcome: { code: 'INTERNAL' } });
    expect(JSON.stringify(after.outcome)).not.toContain('inside');
  });

  test('a worker that lost its lease writes nothing more', async () => {
    const run = await begin();
    let second: Promise<unknown> | undefined;
    const made = withStep('plan', {
      execute: async (context) => {
        if (second) return done('by the second');
        await runs.pool.query(`UPDATE runs SET lease_until = clock_timestamp() - interval '1 s' WHERE id = $1`, [
          context.run.id,
        ]);
        second = engine(made).advance(context.run.id);
        await second;
        return done('by the first');
      },
    });
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'nothing' });
    const messages = (await runs.store.events(run.id)).map((event) => event.message);
    expect(messages).toContain('by the second');
    expect(messages).not.toContain('by the first');
    expect((await runs.store.get(run.id)).state).toBe('applied');
  });
});
