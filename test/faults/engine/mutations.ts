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
  /** Which of them; default: the first. */
  readonly turn?: number;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'skip the intent',
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
    family: 'race',
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
    family: 'cancel',
    turn: 2,
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
    family: 'slow-commits',
    cuts: [{ file: 'libs/runs/src/worker.ts', find: 'clearInterval(timer);', put: '' }],
  },
  {
    name: 'skip the sweep',
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
    family: 'clocks',
    turn: 1,
    cuts: [
      {
        file: 'libs/runs/src/journal.ts',
        find: '...APPEND_BATCH,',
        put: "text: APPEND_BATCH.text.replaceAll('clock_timestamp()', 'to_timestamp(' + Date.now() / 1000 + ')'),",
      },
    ],
  },
];
