import type { Cut } from './fleet.js';
import type { Family } from './plan.js';

/** What the engine would be without one of its guards; the suite has to notice each. */
export interface Mutation {
  readonly name: string;
  readonly cuts: readonly Cut[];
  /** The trials that have to notice it. */
  readonly family: Family;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'skip the intent',
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
    family: 'slow-commits',
    cuts: [
      {
        file: 'libs/runs/src/leased-run.ts',
        find: 'this.#tail = appended.catch(() => undefined);\n    return appended;',
        put: 'this.#tail = appended.catch(() => undefined);',
      },
    ],
  },
];
