import type { Cut } from './fleet.js';
import type { Family } from './plan.js';

/** What the engine would be without one of its guards; the suite has to notice each. */
export interface Mutation {
  readonly name: string;
  readonly cuts: readonly Cut[];
  /** Also noticed by a short trial, as `npm test` runs it. */
  readonly isQuick?: true;
  /** The trials that have to notice it. */
  readonly family: Family;
  /** Which of them, until one notices it: some have to meet others at the right instant. Default: the first. */
  readonly turns?: readonly number[];
  /** What is to be found wrong: a machine that is slow today is no proof. */
  readonly symptom: RegExp;
}

/** Of an engine without it no run comes to its end: there is nothing else to see. */
const NEVER_ENDS = /not every run came to its end/;
const TWO_WROTE = /records an effect twice|did a step twice|errored \(INTERNAL\)|took effect \d times/;

/** Whether that was found. @param problems what a trial without the guard says */
export const isShown = ({ symptom }: Mutation, problems: readonly string[]): boolean =>
  problems.some((problem) => symptom.test(problem));
/**
 * A trial without the guard. Where no end is the symptom, it is waited for as long as an engine with its guards would take on
 * a slow machine; where it is something else, that comes when it comes.
 */
export const trialOf = ({ cuts, symptom }: Mutation) => ({
  ...{ cuts, symptom },
  withinMs: symptom === NEVER_ENDS ? 45_000 : 180_000,
});

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'skip the intent',
    symptom: /before its intent was durable|without an intent/,
    isQuick: true,
    family: 'kill',
    cuts: [
      {
        file: 'libs/runs/src/run-context.ts',
        find: "await leased.append([{ kind: 'effect:intent',",
        put: "void ([{ kind: 'effect:intent',",
      },
    ],
  },
  {
    name: 'skip the fence',
    symptom: TWO_WROTE,
    isQuick: true,
    family: 'race',
    cuts: [
      {
        file: 'libs/runs/src/journal.sql.ts',
        find: 'WHERE r.id = b.id AND r.lease_owner = b.owner AND r.fence = b.fence AND NOT r.ended',
        put: 'WHERE r.id = b.id AND NOT r.ended',
      },
    ],
  },
  {
    name: 'skip the reconcile',
    symptom: /answered 422|took effect \d times/,
    isQuick: true,
    family: 'answers',
    cuts: [
      {
        file: 'libs/runs/src/run-context.ts',
        find: 'const found = await reconciled(effect, context, key, shape);',
        put: 'const found = undefined as { readonly result: T } | undefined;',
      },
    ],
  },
  {
    name: 'skip the durable wait',
    symptom: /before its intent was durable/,
    isQuick: true,
    family: 'slow-commits',
    cuts: [
      {
        file: 'libs/runs/src/leased-run.ts',
        find: 'this.#tail = appended.catch(() => undefined);\n    return appended;',
        put: 'this.#tail = appended.catch(() => undefined);',
      },
    ],
  },
  {
    name: 'ask for one fence a batch, not for that of each run',
    symptom: TWO_WROTE,
    family: 'race',
    turns: [0, 1, 2, 3, 4, 5],
    cuts: [
      {
        file: 'libs/runs/src/journal.sql.ts',
        find: 'WHERE r.id = b.id AND r.lease_owner = b.owner AND r.fence = b.fence AND NOT r.ended',
        put: `WHERE r.id = b.id AND NOT r.ended AND EXISTS (
    SELECT 1 FROM json_to_recordset($1::json) AS o(id text, owner text, fence bigint)
      JOIN runs x ON x.id = o.id AND x.lease_owner = o.owner AND x.fence = o.fence)`,
      },
    ],
  },
  {
    name: 'act on a lease that may be over',
    symptom: /had lost the run/,
    family: 'stopped',
    cuts: [
      {
        file: 'libs/runs/src/leased-run.ts',
        find: 'if (this.monotonic() < this.#surelyUntil) return;',
        put: 'if (this.monotonic() > 0) return;',
      },
    ],
  },
  {
    name: 'do not heed a cancel between two steps',
    symptom: /canceled in time and applied/,
    family: 'cancel',
    turns: [2],
    cuts: [
      {
        file: 'libs/runs/src/run-engine.ts',
        find: 'const stopped = await this.#stopIfAsked(journey);',
        put: 'const stopped = undefined as Advance | undefined;',
      },
    ],
  },
  {
    name: 'wait for ever for a step',
    symptom: NEVER_ENDS,
    family: 'steps',
    cuts: [
      {
        file: 'libs/runs/src/execute-step.ts',
        find: '() => abort.abort(timedOut(step), { now: true }),',
        put: '() => undefined,',
      },
    ],
  },
  {
    name: 'keep the locks of a run that has ended',
    symptom: /[1-9]\d* locks left over/,
    family: 'race',
    cuts: [
      {
        file: 'libs/runs/src/lock-rows.ts',
        find: "await passOn(client, 'run = $1 AND (kept IS NULL OR $2)', [run, isSettled]);",
        put: '',
      },
    ],
  },
  {
    name: 'leave a lease behind',
    symptom: /leased left over/,
    family: 'slow-commits',
    cuts: [
      {
        file: 'libs/runs/src/journal.sql.ts',
        find: 'lease_owner = CASE WHEN b.release OR b.ended THEN NULL ELSE r.lease_owner END,',
        put: 'lease_owner = CASE WHEN b.release THEN NULL ELSE r.lease_owner END,',
      },
    ],
  },
  {
    name: 'leave a gap in the journal',
    symptom: /has a gap/,
    family: 'slow-commits',
    cuts: [
      {
        file: 'libs/runs/src/journal.sql.ts',
        find: 'seq = r.seq + b.n,',
        put: 'seq = r.seq + b.n + CASE WHEN b.ended THEN 1 ELSE 0 END,',
      },
    ],
  },
  {
    name: 'write rows that no entry tells',
    symptom: /their journal does not tell/,
    family: 'slow-commits',
    cuts: [
      {
        file: 'libs/runs/src/journal.sql.ts',
        find: 'DO UPDATE SET state = EXCLUDED.state, message = EXCLUDED.message,',
        put: "DO UPDATE SET state = EXCLUDED.state, message = 'done',",
      },
    ],
  },
  {
    name: 'begin a round at the first step',
    symptom: /errored \(INTERNAL\)|began a round before/,
    family: 'race',
    cuts: [
      {
        file: 'libs/runs/src/run-engine.ts',
        find: 'const to = pipeline.roundStartsAt;',
        put: "const to = pipeline.steps[0]?.name ?? '';",
      },
    ],
  },
  {
    name: 'leave a process behind',
    symptom: /did not end when it was asked/,
    family: 'slow-commits',
    cuts: [{ file: 'libs/runs/src/worker.ts', find: 'clearInterval(timer);', put: '' }],
  },
  {
    name: 'skip the sweep',
    symptom: NEVER_ENDS,
    family: 'bells',
    cuts: [
      {
        file: 'libs/runs/src/worker.ts',
        find: 'const timer = setInterval(() => void sweeper(), sweepMs);',
        put: 'const timer = setInterval(() => undefined, sweepMs);',
      },
    ],
  },
  {
    name: 'forget a bell that rang while the run was held',
    symptom: NEVER_ENDS,
    family: 'bells',
    cuts: [
      {
        file: 'libs/runs/src/journal.sql.ts',
        find: 'WHEN r.wakes <> b.wakes THEN clock_timestamp()',
        put: 'WHEN false THEN clock_timestamp()',
      },
    ],
  },
  {
    name: "reckon leases and waits on the worker's clock",
    symptom: NEVER_ENDS,
    family: 'clocks',
    // Where the clock of the database stays as it is.
    turns: [1, 3, 5, 7],
    cuts: [
      {
        file: 'libs/runs/src/journal.ts',
        find: '...APPEND_BATCH,',
        put: "text: APPEND_BATCH.text.replaceAll('clock_timestamp()', 'to_timestamp(' + Date.now() / 1000 + ')'),",
      },
    ],
  },
];
