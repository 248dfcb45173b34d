import { done, type Effect, type Pipeline, type RunRecord, type Step } from '@planwarden/runs';
import type pg from 'pg';

export const RELEASES = ['first', 'second', 'third'] as const;
/** `first` ships road/1. `second` ships road/2 beside it, which adds, removes and reorders steps. `third` has dropped road/1. */
export type Release = (typeof RELEASES)[number];

const PLAIN = {
  format: 'validating',
  lint: 'validating',
  scan: 'validating',
  plan: 'planning',
  check: 'policy_checking',
  merge: 'merging',
  verify: 'verifying',
  notify: 'verifying',
} as const;

export const ROADS = {
  'road/1': ['format', 'lint', 'plan', 'check', 'confirm', 'apply', 'merge', 'verify', 'notify'],
  'road/2': ['lint', 'format', 'scan', 'plan', 'check', 'confirm', 'apply', 'merge', 'verify'],
} as const;

/** Tables of the fixture: whom a vote has let through, and what was done outside. */
export const OUTSIDE = `
  CREATE TABLE gates (run text PRIMARY KEY);
  CREATE TABLE acts (key text NOT NULL, release text NOT NULL)`;

const asAny = { parse: (value: unknown) => value };

export function pipelinesOf(release: Release, pool: pg.Pool): Pipeline[] {
  const versions = { first: ['road/1'], second: ['road/1', 'road/2'], third: ['road/2'] } as const;
  return versions[release].map((version) => ({
    version,
    steps: ROADS[version].map((name) => stepOf(name, release, pool)),
    roundStartsAt: ROADS[version][0],
    maxRounds: 3,
  }));
}

function stepOf(name: (typeof ROADS)[keyof typeof ROADS][number], release: Release, pool: pg.Pool): Step {
  if (name === 'confirm') {
    return {
      name,
      state: 'awaiting_approval',
      doneState: 'confirmed',
      effects: [],
      execute: async ({ run }) => {
        const { rowCount } = await pool.query('SELECT 1 FROM gates WHERE run = $1', [run.id]);
        if (rowCount === 1) return done('a vote is there');
        return { kind: 'wait', reason: 'approval', message: 'a vote', forMs: 600_000 };
      },
    };
  }
  if (name !== 'apply') return { name, state: PLAIN[name], effects: [], execute: async () => done(`by ${release}`) };
  const act: Effect = {
    name: 'act',
    kind: 'once',
    key: ({ id }: RunRecord) => id,
    race: { key: 'the run', guard: 'none', asks: 'the table', leaves: 'one' },
    reconcile: async (_, key) => {
      const { rowCount } = await pool.query('SELECT 1 FROM acts WHERE key = $1', [key]);
      return rowCount === 0 ? { found: 'absent' } : { found: 'present', result: null };
    },
  };
  const execute: Step['execute'] = async (context) => {
    await context.effect('act', asAny, async (key) => {
      await pool.query('INSERT INTO acts (key, release) VALUES ($1, $2)', [key, release]);
      return null;
    });
    return done(`by ${release}`);
  };
  return { name, state: 'applying', reentersAt: 'confirm', failsAs: 'apply_failed', effects: [act], execute };
}
