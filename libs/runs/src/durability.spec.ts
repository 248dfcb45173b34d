import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type ErrorBody, type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { prepareEntry } from './append-request.js';
import {
  done,
  migrateRuns,
  type Pipeline,
  RunEngine,
  type RunEngineOptions,
  type RunRecord,
  RunStore,
  rebuildRuns,
  type Step,
} from './index.js';
import { JournalWriter } from './journal.js';
import { NEW_RUN } from './projection.js';

let db: TestDatabase;
let store: RunStore;
beforeAll(async () => {
  db = await startTestDatabase();
  await migrateRuns(db.pool);
  store = new RunStore(db.pool);
});
afterAll(() => db.close());

const race = { key: 'the run', guard: 'unique', asks: 'whether it is there', leaves: 'one' };
let targets = 0;
function begin(version = 'test/1'): Promise<RunRecord> {
  targets += 1;
  const requester = { principal: `agent:${targets}`, onBehalfOf: null };
  const run = { title: 'Run nginx', target: `t-${targets}`, environment: 'staging', persona: 'devops', requester };
  return store.start({ ...run, request: { n: targets } }, version, { openRuns: 10 });
}

const STRAIGHT: readonly Step[] = [
  { name: 'validate', state: 'validating', effects: [], execute: async () => done('ok', { n: 1 }) },
  { name: 'plan', state: 'planning', effects: [], execute: async () => done('ok') },
  { name: 'check-plan', state: 'policy_checking', effects: [], execute: async () => done('ok') },
  { name: 'confirm', state: 'awaiting_approval', doneState: 'confirmed', effects: [], execute: async () => done('ok') },
  { name: 'apply', state: 'applying', failsAs: 'apply_failed', effects: [], execute: async () => done('ok') },
  { name: 'merge', state: 'merging', effects: [], execute: async () => done('ok') },
  { name: 'verify', state: 'verifying', effects: [], execute: async () => done('ok') },
];

function pipeline(change: Readonly<Record<string, Partial<Step>>> = {}, version = 'test/1'): Pipeline {
  const steps = STRAIGHT.map((step) => ({ ...step, ...change[step.name] }));
  return { version, steps, roundStartsAt: 'validate', maxRounds: 3 };
}

let workers = 0;
function engine(made: Pipeline | readonly Pipeline[], options: Partial<RunEngineOptions> = {}): RunEngine {
  workers += 1;
  const pipelines = 'steps' in made ? [made] : made;
  return new RunEngine({ pool: db.pool, pipelines, worker: `w${workers}`, backOffMs: 0, maxBackOffMs: 0, ...options });
}

const asAny = { parse: (value: unknown) => value };
const moved: ErrorBody = { code: 'HEAD_MOVED', message: 'the branch moved', remedy: 'none' };
const outsideDown = () =>
  new PlanwardenError('OUTSIDE_UNAVAILABLE', 'GitHub does not answer', { remedy: 'Wait.', failure: 'retryable' });

/** Rows of all runs as JSON, without what no entry of the journal tells. */
async function rows(): Promise<readonly string[]> {
  const found = await db.pool.query<{ row: unknown }>(`
    SELECT to_jsonb(r) - '{lease_owner,lease_until,fence,wakes,wake_at}'::text[] AS row FROM runs r
    UNION ALL SELECT to_jsonb(s) FROM run_steps s UNION ALL SELECT to_jsonb(e) FROM run_effects e`);
  return found.rows.map(({ row }) => JSON.stringify(row)).sort();
}

describe('group commit', () => {
  test('runs that are under way together share commits, and each keeps its own gapless journal', async () => {
    let commits = 0;
    const faults: FaultPoints = {
      at: (point) => {
        if (point === 'runs:commit:before') commits += 1;
      },
    };
    const runs = await Promise.all(Array.from({ length: 40 }, () => begin()));
    const worker = engine(pipeline(), { faults });
    const ends = await Promise.all(runs.map(({ id }) => worker.advance(id)));
    expect(new Set(ends.map(({ kind }) => kind))).toEqual(new Set(['ended']));
    // Seven steps each: alone they would have taken 280.
    expect(commits).toBeLessThan(140);
    for (const { id } of runs) {
      const events = await store.events(id);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const begins = events.filter(({ kind }) => kind === 'step:started').map(({ step }) => step);
      expect(begins).toEqual(STRAIGHT.map(({ name }) => name));
    }
  });

  test('a stale entry is refused alone: its neighbours in the same commit stand', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, () => begin()));
    const stale = runs[2]?.id ?? '';
    let arrived = 0;
    let open: () => void = () => undefined;
    const all = new Promise<void>((resolve) => {
      open = resolve;
    });
    const made = pipeline({
      validate: {
        execute: async ({ run }) => {
          if (run.id === stale) await db.pool.query('UPDATE runs SET fence = fence + 1 WHERE id = $1', [stale]);
          arrived += 1;
          if (arrived === runs.length) open();
          await all;
          return done('together');
        },
      },
    });
    const worker = engine(made);
    const ends = await Promise.all(runs.map(({ id }) => worker.advance(id)));
    expect(ends.map(({ kind }) => kind)).toEqual(['ended', 'ended', 'nothing', 'ended', 'ended']);
    expect((await store.events(stale)).map(({ message }) => message)).not.toContain('together');
  });

  test('of two leases of one run in one commit only the one that holds writes', async () => {
    const run = await begin();
    const hold = { run: run.id, owner: 'twice', leaseMs: 60_000 };
    await db.pool.query(
      "UPDATE runs SET lease_owner = 'twice', fence = 2, lease_until = now() + interval '1 minute' WHERE id = $1",
      [run.id],
    );
    const writer = new JournalWriter(db.pool, { at: () => undefined });
    // A worker that was paused and has the run again: what it did before wakes beside what it does now.
    const stale = prepareEntry(run.id, NEW_RUN, { kind: 'note', data: null, message: 'from before' });
    const rest = { view: NEW_RUN, timing: { seenWakes: 1 } };
    const [before, now] = await Promise.allSettled([
      writer.append({ hold: { ...hold, fence: 1 }, entries: [stale], ...rest }),
      writer.append({ hold: { ...hold, fence: 2 }, entries: [], ...rest }),
    ]);
    expect(before).toMatchObject({ status: 'rejected', reason: { code: 'LEASE_LOST' } });
    expect(now.status).toBe('fulfilled');
    expect((await store.events(run.id)).map(({ kind }) => kind)).toEqual(['run:started']);
  });

  test('nothing is taken for written before its commit, and what was written is not written again', async () => {
    for (const point of ['runs:commit:before', 'runs:commit:after']) {
      const run = await begin();
      let met = 0;
      const faults: FaultPoints = {
        at: (name) => {
          if (name !== point) return;
          met += 1;
          if (met === 3) throw Object.assign(new Error('Connection terminated'), { code: 'ECONNRESET' });
        },
      };
      const worker = engine(pipeline(), { faults });
      await expect(worker.advance(run.id)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      expect((await worker.advance(run.id)).kind).toBe('ended');
      const events = await store.events(run.id);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
      const doneSteps = events.filter(({ kind }) => kind === 'step:done').map(({ step }) => step);
      expect(doneSteps).toEqual(STRAIGHT.map(({ name }) => name));
    }
  });

  test('a full disk keeps the run due and ends nothing', async () => {
    const run = await begin();
    let isFull = true;
    const faults: FaultPoints = {
      at: (name) => {
        if (name === 'runs:commit:before' && isFull) throw Object.assign(new Error('disk full'), { code: '53100' });
      },
    };
    const worker = engine(pipeline(), { faults });
    await expect(worker.advance(run.id)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(await store.due(1000)).toContain(run.id);
    isFull = false;
    expect((await worker.advance(run.id)).kind).toBe('ended');
  });
});

describe('a step that misbehaves', () => {
  const ending = async (execute: Step['execute'], options: Partial<RunEngineOptions> = {}) => {
    const run = await begin();
    await engine(pipeline({ plan: { execute } }), options).advance(run.id);
    return store.get(run.id);
  };

  test.each([
    ['throws a text', () => Promise.reject('ghp_no')],
    ['throws nothing', () => Promise.reject(undefined)],
    ['answers nothing', async () => undefined as never],
    ['answers something else', async () => ({ kind: 'perhaps' }) as never],
  ] as const)('that %s ends its run', async (_, execute) => {
    expect(await ending(execute)).toMatchObject({ state: 'errored', outcome: { code: 'INTERNAL' } });
  });

  test.each([
    ['20 MB', 'x'.repeat(20 * 1024 * 1024)],
    ['a NUL', 'a\u0000b'],
    ['half a character', 'a\ud800'],
  ])('whose answer holds %s ends its run by name; nothing of it is kept', async (_, text) => {
    const run = await ending(async () => done('read', { text }));
    expect(run).toMatchObject({ state: 'errored', outcome: { code: 'OUTPUT_REFUSED' } });
    expect((await store.steps(run.id)).find(({ step }) => step === 'plan')).toMatchObject({ output: null });
  });

  const ring: unknown[] = [];
  ring.push(ring);
  const deep = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 1);
  test.each([
    ['a ring', ring],
    ['100,000 lists in one another', deep],
    ['a BigInt', 1n],
  ])('whose answer is %s, which is no JSON, ends its run by name', async (_, output) => {
    const run = await ending(async () => done('read', output));
    expect(run).toMatchObject({ state: 'errored', outcome: { code: 'OUTPUT_REFUSED' } });
  });

  test('a backslash before u0000 is a text like any other', async () => {
    const run = await ending(async () => done('read', { text: 'a\\u0000 \\\\ud800' }));
    expect(run.state).toBe('applied');
    expect(await store.output(run.id, 'plan', 1)).toEqual({ text: 'a\\u0000 \\\\ud800' });
  });

  test('that never settles is told to stop, left alone, and tried again', async () => {
    let tries = 0;
    const signals: AbortSignal[] = [];
    const run = await begin();
    const made = pipeline({
      plan: {
        deadlineMs: 20,
        execute: async ({ signal }) => {
          tries += 1;
          signals.push(signal);
          return tries === 1 ? new Promise(() => undefined) : done('at last');
        },
      },
    });
    const worker = engine(made, { stepGraceMs: 10 });
    expect((await worker.advance(run.id)).kind).toBe('parked');
    expect(signals[0]?.aborted).toBe(true);
    expect((await store.get(run.id)).wait?.message).toContain('did not end within its time');
    expect((await worker.advance(run.id)).kind).toBe('ended');
  });

  test('that never settles is left alone also where it was told to stop before it began', async () => {
    const run = await begin();
    const made = pipeline({ plan: { execute: () => new Promise(() => undefined) } });
    const until = async () =>
      (await db.pool.query<{ until: Date }>('SELECT lease_until AS until FROM runs WHERE id = $1', [run.id])).rows[0];
    const faults: FaultPoints = {
      at: async (point, detail) => {
        if (point !== 'runs:step:started' || detail?.step !== 'plan') return;
        await store.requestCancel(run.id, { by: 'person:owner', reason: 'wrong' });
        // The lease is renewed twice from here: the second time at the latest brings the cancel along.
        for (let renewed = 0, last = (await until())?.until.getTime(); renewed < 2; ) {
          await new Promise((resolve) => setTimeout(resolve, 20));
          const now = (await until())?.until.getTime();
          if (now !== last) renewed += 1;
          last = now;
        }
      },
    };
    // By its own clock, which stands still, the lease is never over, however long this machine takes.
    const options = { faults, leaseMs: 900, stepGraceMs: 10, monotonic: () => 0 };
    const advanced = await engine(made, options).advance(run.id);
    expect(advanced.kind).toBe('ended');
    expect((await store.get(run.id)).state).toBe('canceled');
  });

  test('a cancel reaches a step that is running, and an effect under way is let come to its end', async () => {
    const run = await begin();
    const acts: string[] = [];
    const made = pipeline({
      plan: {
        effects: [
          { name: 'push', kind: 'once', race, key: ({ id }) => id, reconcile: async () => ({ found: 'absent' }) },
        ],
        execute: async (context) => {
          await context.effect('push', asAny, async () => {
            await store.requestCancel(run.id, { by: 'person:owner', reason: 'wrong' });
            await seen(async () => context.run.id === run.id && acts.push('acting') > 20);
            return 'pushed';
          });
          // A long wait that only the cancel ends.
          await seen(async () => context.signal.aborted);
          throw new Error('stopped');
        },
      },
    });
    // A short lease is looked after often; by its own clock, which stands still, it is never over.
    expect((await engine(made, { leaseMs: 90, monotonic: () => 0 }).advance(run.id)).kind).toBe('ended');
    expect(await store.get(run.id)).toMatchObject({ state: 'canceled' });
    expect((await store.events(run.id)).map(({ kind }) => kind)).toContain('effect:done');
  });

  test('an effect whose intent was written after a cancel is not done', async () => {
    const run = await begin();
    const acts: string[] = [];
    const made = pipeline({
      plan: {
        effects: [
          { name: 'push', kind: 'once', race, key: ({ id }) => id, reconcile: async () => ({ found: 'absent' }) },
        ],
        execute: async (context) => {
          await store.requestCancel(context.run.id, { by: 'person:owner', reason: 'wrong' });
          await context.effect('push', asAny, async () => acts.push('pushed'));
          return done('ok');
        },
      },
    });
    expect(await engine(made).advance(run.id)).toEqual({ kind: 'ended' });
    expect(await store.get(run.id)).toMatchObject({ state: 'canceled' });
    expect(acts).toEqual([]);
  });

  test('a step whose lease was lost is told so, and waits for nobody', async () => {
    const run = await begin();
    const made = pipeline({
      plan: {
        execute: async ({ signal }) => {
          await db.pool.query(`UPDATE runs SET fence = fence + 1 WHERE id = $1`, [run.id]);
          await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
          throw new Error('stopped');
        },
      },
    });
    expect(await engine(made, { leaseMs: 60, monotonic: () => 0 }).advance(run.id)).toEqual({ kind: 'nothing' });
  });
});

describe('an effect that its target refuses', () => {
  const refused = () => new PlanwardenError('MCP_TOOL_FAILED', 'it is there already', { remedy: 'none' });
  const made = (there: readonly string[], refusals: { count: number }): Pipeline =>
    pipeline({
      plan: {
        effects: [
          {
            ...{ name: 'push', kind: 'once', race, key: ({ id }) => id },
            reconcile: async () => {
              if (there.length === 0) return { found: 'absent' };
              return there.length > 1 ? { found: 'double', message: 'two' } : { found: 'present', result: there[0] };
            },
          },
        ],
        execute: async (context) => {
          const result = await context.effect('push', asAny, async () => {
            refusals.count += 1;
            throw refused();
          });
          return done('ok', { result });
        },
      },
    });

  test.each([
    ['because it is there: it is found, and not tried again', ['theirs'], 'applied', null],
    ['because it is there twice: a person has to look', ['one', 'other'], 'errored', 'EFFECT_DOUBLE'],
    ['and which is not there: the refusal stands', [], 'errored', 'MCP_TOOL_FAILED'],
  ])('%s', async (_, there, state, code) => {
    const run = await begin();
    const refusals = { count: 0 };
    await engine(made(there, refusals)).advance(run.id);
    const ended = await store.get(run.id);
    expect([ended.state, ended.outcome?.code ?? null, refusals.count]).toEqual([state, code, 1]);
  });
});

describe('pipeline versions', () => {
  const next = (): Pipeline => {
    const [validate, plan, ...others] = pipeline({}, 'test/2').steps as [Step, Step, ...Step[]];
    const added: Step = { ...validate, name: 'scan' };
    return { ...pipeline({}, 'test/2'), steps: [validate, added, { ...plan, name: 'plan-again' }, ...others] };
  };
  const parkingAt = (name: string, version?: string) =>
    pipeline(
      { [name]: { execute: async () => ({ kind: 'wait', reason: 'lock', message: 'held', forMs: 0 }) } },
      version,
    );

  test('a parked run ends on the road it began on where the new release still has it, next to runs of the new one', async () => {
    const old = await begin();
    await engine(parkingAt('plan')).advance(old.id);
    const release = engine([pipeline(), next()]);
    const young = await begin('test/2');
    await Promise.all([release.advance(old.id), release.advance(young.id)]);
    const road = async (id: string) => (await store.steps(id)).map(({ step }) => step);
    expect(await road(old.id)).not.toContain('scan');
    expect(await road(young.id)).toEqual(expect.arrayContaining(['scan', 'plan-again']));
    expect((await store.get(old.id)).state).toBe('applied');
    expect((await store.get(young.id)).state).toBe('applied');
  });

  test('a release without that road parks it as PIPELINE_CHANGED; one that has it wakes it when it starts', async () => {
    const run = await begin();
    await engine(parkingAt('plan')).advance(run.id);
    await engine(next()).advance(run.id);
    expect((await store.get(run.id)).wait).toMatchObject({ reason: 'pipeline_changed' });
    expect((await store.events(run.id)).at(-1)?.code).toBe('PIPELINE_CHANGED');
    expect(await store.due(1000)).not.toContain(run.id);
    const back = engine(pipeline());
    await back.wakeReturned();
    expect((await back.advance(run.id)).kind).toBe('ended');
  });
});

describe('the journal is the truth', () => {
  test('rows made again from it equal the live ones, also where they were lost or spoilt', async () => {
    const effect = { name: 'push', kind: 'once', race, key: ({ id }: RunRecord) => id } as const;
    const acted = pipeline({
      plan: {
        effects: [{ ...effect, reconcile: async () => ({ found: 'absent' }) }],
        execute: async (context) => done('pushed', await context.effect('push', asAny, async () => ({ sha: '1' }))),
      },
    });
    let rounds = 0;
    const circling = pipeline({
      confirm: {
        execute: async () => {
          rounds += 1;
          return rounds === 1 ? { kind: 'new-round', error: moved } : done('ok');
        },
      },
    });
    let failures = 0;
    const flaky = pipeline({
      plan: {
        execute: async () => {
          failures += 1;
          return failures < 3 ? Promise.reject(outsideDown()) : done('ok');
        },
      },
    });
    const parking = pipeline({
      confirm: { execute: async () => ({ kind: 'wait', reason: 'approval', message: 'a vote', forMs: 60_000 }) },
    });
    const failing = pipeline({ apply: { execute: async () => Promise.reject(new Error('no')) } });
    const runs: string[] = [];
    for (const [made, times] of [
      [acted, 1],
      [circling, 1],
      [flaky, 3],
      [parking, 1],
      [failing, 1],
    ] as const) {
      const run = await begin();
      runs.push(run.id);
      const worker = engine(made);
      for (let time = 0; time < times; time += 1) await worker.advance(run.id);
    }
    const canceled = await begin();
    await engine(parking).advance(canceled.id);
    await store.requestCancel(canceled.id, { by: 'person:owner', reason: 'wrong' });
    await engine(parking).advance(canceled.id);
    const states = await Promise.all([...runs, canceled.id].map(async (id) => (await store.get(id)).state));
    expect(states).toEqual(['applied', 'applied', 'applied', 'awaiting_approval', 'apply_failed', 'canceled']);
    const live = await rows();
    expect((await rebuildRuns(db.pool)).mended).toBe(0);
    expect(await rows()).toEqual(live);

    await db.pool.query('DELETE FROM run_steps');
    await db.pool.query('DELETE FROM run_effects');
    await db.pool.query(`UPDATE runs SET state = 'pending', ended = false, step = NULL, round = 9, title = 'spoilt'`);
    await db.pool.query('DELETE FROM runs WHERE id = ANY($1)', [runs.slice(0, 4)]);
    const rebuilt = await rebuildRuns(db.pool);
    expect(rebuilt.mended).toBe(rebuilt.runs);
    expect(await rows()).toEqual(live);
    // A run whose row was lost waits for nobody: it is looked at again.
    expect(await store.due(1000)).toContain(runs[3]);
  });

  test('rows of which the journal knows no run go; a run whose row was spoilt is looked at again, whenever it was due', async () => {
    const run = await begin();
    await engine(
      pipeline({ plan: { execute: async () => ({ kind: 'wait', reason: 'lock', message: 'held', forMs: 0 }) } }),
    ).advance(run.id);
    expect((await rebuildRuns(db.pool)).mended).toBe(0);
    const live = await rows();
    await db.pool.query(`INSERT INTO runs (id, pipeline, title, target, environment, persona, principal, request, state)
      VALUES ('run_invented', 'test/1', 'x', 't', 'e', 'p', 'a', '{}', 'pending')`);
    await db.pool.query(`INSERT INTO run_steps (run, round, step, state, started_at) VALUES ('run_invented', 1, 'plan', 'done', now()),
      ('run_other', 1, 'plan', 'done', now())`);
    await db.pool.query(
      `INSERT INTO run_effects (run, step, name, key, state) VALUES ('run_other', 'plan', 'push', 'k', 'done')`,
    );
    await db.pool.query(`UPDATE runs SET attempts = 7, wake_at = 'infinity' WHERE id = $1`, [run.id]);
    const { runs, mended } = await rebuildRuns(db.pool);
    expect(mended).toBe(3);
    expect(await rows()).toEqual(live);
    expect(await store.due(1000)).toContain(run.id);
    expect(await rebuildRuns(db.pool)).toEqual({ runs, mended: 0 });
  });
});

async function seen(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5));
}
