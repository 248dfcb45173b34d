import { PlanwardenError } from '@planwarden/contracts';
import type pg from 'pg';

/** Most that one requester's runs may be and hold, over all targets. */
export interface RequesterLimits {
  readonly openRuns: number;
  readonly runsAnHour: number;
  /** Locks held at once, those that failed applies have kept included. */
  readonly locks: number;
}

export interface RunLimits {
  /** Most runs of the target that may be open at once. */
  readonly openRuns: number;
  /** Of the token that asks; absent for a person. */
  readonly requester?: RequesterLimits | undefined;
}

/**
 * Whether one more run may begin, in the transaction that begins it: two that begin at once are counted one by one.
 * @throws PlanwardenError RUN_LIMIT_REACHED naming the limit
 */
export async function assertWithinLimits(
  client: Pick<pg.PoolClient, 'query'>,
  run: { readonly target: string; readonly requester: { readonly principal: string } },
  limits: RunLimits,
): Promise<void> {
  const { target, requester } = run;
  // In one order for everybody, so that nobody waits in a ring.
  await client.query(
    `SELECT pg_advisory_xact_lock(hashtextextended('runs-by:' || $1, 0)),
            pg_advisory_xact_lock(hashtextextended('runs:' || $2, 0))`,
    [requester.principal, target],
  );
  const { rows } = await client.query<{ target: number; open: number; hour: number; locks: number }>(
    `SELECT (SELECT count(*)::int FROM runs WHERE target = $1 AND NOT ended) AS target,
            (SELECT count(*)::int FROM runs WHERE principal = $2 AND NOT ended) AS open,
            (SELECT count(*)::int FROM runs
              WHERE principal = $2 AND created_at > clock_timestamp() - interval '1 hour') AS hour,
            (SELECT count(*)::int FROM run_locks l JOIN runs r ON r.id = l.run WHERE r.principal = $2) AS locks`,
    [target, requester.principal],
  );
  const { target: ofTarget = 0, open = 0, hour = 0, locks = 0 } = rows[0] ?? {};
  if (ofTarget >= limits.openRuns) {
    throw reached('target', `the target ${target} already has ${limits.openRuns} open runs`);
  }
  const most = limits.requester;
  if (most === undefined) return;
  const who = requester.principal;
  if (open >= most.openRuns) throw reached('limits.openRuns', `${who} already has ${most.openRuns} open runs`);
  if (hour >= most.runsAnHour) {
    throw reached('limits.runsAnHour', `${who} has begun ${most.runsAnHour} runs within an hour`);
  }
  if (locks >= most.locks) throw reached('limits.locks', `the runs of ${who} hold ${most.locks} locks already`);
}

const reached = (field: string, message: string): PlanwardenError =>
  new PlanwardenError('RUN_LIMIT_REACHED', message, {
    where: { field },
    remedy:
      field === 'limits.runsAnHour'
        ? 'Wait; the limit stands in planwarden.yaml.'
        : 'Wait for one to end, or cancel one with cancel_run.',
  });
