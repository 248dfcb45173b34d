import { describe, expect, test } from '@jest/globals';
import { type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import { assertPipeline, done, type Reconciled, RunEngine, type Step } from './index.js';
import { pipeline, RunsUnderTest, race, straight, withStep } from './run-engine.spec-kit.js';

const runs = new RunsUnderTest();
const { begin, engine } = runs;

const asText = {
  parse: (value: unknown) => {
    if (typeof value !== 'string') throw new Error('not a text');
    return value;
  },
};

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
    await runs.store.wake(id);
    return worker.advance(id);
  };

  test('present: what was done before the crash is found at the target and not done again', async () => {
    const run = await begin();
    const made = dying('runs:effect:acted', async () => ({ found: 'present', result: 'sha-1' }));
    expect((await twice(run.id, made.engine)).kind).toBe('ended');
    expect(made.acts).toEqual([`planwarden/${run.id}`]);
    expect((await runs.store.steps(run.id)).find((s) => s.step === 'plan')?.output).toEqual({ sha: 'sha-1' });
    expect((await runs.store.events(run.id)).map((e) => e.message)).toContain('push had been done before');
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
    expect(await runs.store.get(run.id)).toMatchObject({ state: 'errored', outcome: { code: 'EFFECT_DOUBLE' } });
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
    expect((await runs.store.events(run.id)).map((e) => e.message)).toContain('enters again at confirm');
  });

  test('nothing is told that has no row', async () => {
    const run = await begin();
    const said: string[] = [];
    const made = withStep('confirm', {
      execute: async (context) => done('ok', await context.tell('check', async () => said.push('well'))),
    });
    await engine(made).advance(run.id);
    expect([(await runs.store.get(run.id)).state, said]).toEqual(['errored', []]);
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
