import { describe, expect, test } from '@jest/globals';
import { type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import {
  done,
  type Pipeline,
  RunEngine,
  type RunEngineOptions,
  type RunRecord,
  type Step,
  type StepContext,
} from './index.js';
import { asAny, RunsUnderTest, race } from './run-engine.spec-kit.js';

const runs = new RunsUnderTest();
// Some are left open, and all are of one agent.
const begin = (): Promise<RunRecord> => runs.begin(100);

const keyed = { race, key: ({ id }: RunRecord) => id };

/** A road of one step, which says on the outside why it ended. */
function road(execute: (context: StepContext) => Promise<unknown>): { made: Pipeline; said: string[] } {
  const said: string[] = [];
  const once = { ...keyed, kind: 'once', reconcile: async () => ({ found: 'absent' as const }) } as const;
  const step: Step = {
    name: 'validate',
    state: 'validating',
    effects: [
      { ...once, name: 'push' },
      { ...once, name: 'tag' },
      { ...keyed, name: 'label', kind: 'idempotent' },
    ],
    tells: [{ name: 'comment', race }],
    execute: async (context) => {
      await execute(context);
      return done('ok');
    },
  };
  const tidy = async (context: StepContext, { state }: { readonly state: string }) => {
    await context.tell('why', async () => said.push(state));
  };
  const beforeEnd = { tells: [{ name: 'why', race }], tidy };
  return {
    made: { version: 'test/1', steps: [step], roundStartsAt: 'validate', maxRounds: 1, endsAs: 'errored', beforeEnd },
    said,
  };
}

let workers = 0;
function engine(made: Pipeline, options: Partial<RunEngineOptions> = {}): RunEngine {
  workers += 1;
  return new RunEngine({ pool: runs.pool, pipelines: [made], worker: `w${workers}`, backOffMs: 0, ...options });
}

/** The journal refuses what comes while `isRefusing`. */
function refusing(code: string): { isRefusing: boolean; readonly faults: FaultPoints } {
  const journal = {
    isRefusing: false,
    faults: {
      at: (point: string) => {
        if (point !== 'runs:commit:before' || !journal.isRefusing) return;
        throw Object.assign(new Error('refused'), { code });
      },
    },
  };
  return journal;
}

describe('a worker whose entry the journal did not take', () => {
  // A statement that took too long, one that waited too long for a row, and one that nobody foresaw.
  test.each(['57014', '55P03', 'XX000', '53100'])(
    'says nothing more outside (%s), and the run goes on',
    async (code) => {
      const run = await begin();
      const journal = refusing(code);
      const acts: string[] = [];
      const { made, said } = road(async (context) => {
        journal.isRefusing = acts.length === 0;
        await context
          .effect('push', asAny, async () => acts.push('push'))
          .catch(async (error: unknown) => {
            acts.push('refused');
            // Whatever the step makes of it.
            await context.effect('label', asAny, async () => acts.push('label')).catch(() => undefined);
            await context.tell('comment', async () => acts.push('comment')).catch(() => undefined);
            throw error;
          });
      });
      const worker = engine(made, { faults: journal.faults, maxAttempts: 1 });
      await expect(worker.advance(run.id)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      expect([acts, said]).toEqual([['refused'], []]);
      expect(await runs.store.get(run.id)).toMatchObject({ state: 'pending', ended: false });
      journal.isRefusing = false;
      expect((await worker.advance(run.id)).kind).toBe('ended');
      expect([acts, (await runs.store.get(run.id)).outcome]).toEqual([['refused', 'push'], null]);
    },
  );

  test('because it has lost its run, and does not tell, says nothing more outside', async () => {
    const run = await begin();
    const acts: string[] = [];
    const { made, said } = road(async (context) => {
      // By this worker's own clock the lease is not over: only the journal knows.
      await runs.pool.query('UPDATE runs SET fence = fence + 1 WHERE id = $1', [run.id]);
      await context.note('late').catch(() => undefined);
      await context.effect('label', asAny, async () => acts.push('label')).catch(() => undefined);
      throw new PlanwardenError('CONFIG_INVALID', 'final', { remedy: 'none' });
    });
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'nothing' });
    expect([acts, said, (await runs.store.get(run.id)).ended]).toEqual([[], [], false]);
  });

  test('whose step went on as if nothing had been ends nothing', async () => {
    const run = await begin();
    const journal = refusing('53100');
    const { made, said } = road(async (context) => {
      journal.isRefusing = true;
      await context.note('lost').catch(() => undefined);
      throw new PlanwardenError('CONFIG_INVALID', 'final', { remedy: 'none' });
    });
    await expect(engine(made, { faults: journal.faults }).advance(run.id)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
    expect([said, (await runs.store.get(run.id)).ended]).toEqual([[], false]);
  });
});

describe('effects of one step that are asked for at the same time', () => {
  test('are known of each other, however late the store tells what there was', async () => {
    const run = await begin();
    const acts: string[] = [];
    let asked = 0;
    let isDone: () => void = () => undefined;
    const pushed = new Promise<void>((resolve) => {
      isDone = resolve;
    });
    // Connections that stand ready: both looks would be at the same time.
    const ready = await Promise.all(Array.from({ length: 4 }, () => runs.pool.connect()));
    for (const one of ready) one.release();
    // The second look at the store answers after the first effect was recorded.
    const query = async (statement: unknown, values: unknown) => {
      const answer = await runs.pool.query(statement as string, values as unknown[]);
      if (typeof statement === 'string' && statement.includes('FROM run_effects')) {
        asked += 1;
        if (asked === 2) await pushed;
      }
      return answer;
    };
    const pool = Object.assign(Object.create(runs.pool) as typeof runs.pool, { query });
    let tries = 0;
    const { made } = road(async (context) => {
      tries += 1;
      if (tries === 1)
        throw new PlanwardenError('OUTSIDE_UNAVAILABLE', 'down', { remedy: 'Wait.', failure: 'retryable' });
      const push = context.effect('push', asAny, async () => acts.push('push')).then(isDone);
      await Promise.all([push, context.effect('tag', asAny, async () => acts.push('tag'))]);
      // Once more under the same lease.
      await context.effect('push', asAny, async () => acts.push('push again'));
    });
    const worker = engine(made, { pool });
    expect((await worker.advance(run.id)).kind).toBe('parked');
    expect((await worker.advance(run.id)).kind).toBe('ended');
    expect([...acts].sort()).toEqual(['push', 'tag']);
  });
});
