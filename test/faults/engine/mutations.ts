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
