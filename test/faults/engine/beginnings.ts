import { setTimeout as delay } from 'node:timers/promises';
import type { RunStore } from '@planwarden/runs';
import type pg from 'pg';
import type { Fleet } from './fleet.js';
import type { Begin } from './messages.js';
import { type FixtureRequest, VERSION } from './pipeline.js';
import type { RunPlan } from './plan.js';
import type { Random } from './random.js';

/** Over how long runs are asked for that the workers begin themselves. */
const BEGUN_WITHIN_MS = 2500;

/** How a run of a plan is asked for. Two neighbours share a lock. */
export const askedOf = (run: RunPlan, index: number): Begin['asked'] => {
  const request: FixtureRequest = { rounds: run.rounds, lock: `lock-${index >> 1}`, misbehaves: run.misbehaves };
  const requester = { principal: 'agent:faults', onBehalfOf: null };
  return { title: 'Fault', target: `target-${index}`, environment: 'test', persona: 'devops', requester, request };
};

/** Begins a run under no lease. */
export const begin = (store: RunStore, asked: Begin['asked']) => store.start(asked, VERSION, { openRuns: 10 });

/**
 * Runs that workers begin, each under its own lease, while they are killed. Who gets no answer asks again: then there may
 * be one more run, which has to come to its end like any other.
 * @returns those that were answered for
 */
export async function beginInWorkers(
  fleet: Fleet,
  runs: readonly (readonly [number, RunPlan])[],
  random: Random,
): Promise<Map<string, RunPlan>> {
  const answered = new Map<string, RunPlan>();
  const starts = runs.map(([index, run]) => [index, run, random.whole(0, BEGUN_WITHIN_MS)] as const);
  await Promise.all(
    starts.map(async ([index, run, at]) => {
      await delay(at);
      for (;;) {
        const id = await fleet.begin(askedOf(run, index));
        if (id !== undefined) return void answered.set(id, run);
        await delay(50);
      }
    }),
  );
  return answered;
}

/** Runs that are there and that nobody was told of, with what they were asked for. */
export async function untold(pool: pg.Pool, told: ReadonlyMap<string, RunPlan>): Promise<Map<string, RunPlan>> {
  const { rows } = await pool.query<{ id: string; request: FixtureRequest }>('SELECT id, request FROM runs');
  return new Map(
    rows
      .filter(({ id }) => !told.has(id))
      .map(({ id, request: { rounds } }) => [id, { rounds, misbehaves: null, ends: ['applied'], code: null }]),
  );
}

/** Of those that were told of, which are not there. */
export async function lost(pool: pg.Pool, told: ReadonlyMap<string, RunPlan>): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM runs');
  const there = new Set(rows.map(({ id }) => id));
  return [...told.keys()].filter((id) => !there.has(id));
}
