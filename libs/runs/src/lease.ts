import type pg from 'pg';
import type { LeaseHold } from './journal.js';
import { type RunRecord, recordOf } from './run.repository.js';

export interface Claimed {
  readonly hold: LeaseHold;
  readonly run: RunRecord;
  /** Wake-ups counted when the run was claimed: a later one means "look again". */
  readonly seenWakes: number;
  /** Tries of the current step that ended in a retryable failure. */
  readonly attempts: number;
}

/** Takes a run that is due and free, with a fence above every earlier one; undefined when there is nothing to do. */
export async function claim(pool: pg.Pool, id: string, owner: string, leaseMs: number): Promise<Claimed | undefined> {
  const taken = await pool.query<Parameters<typeof recordOf>[0] & { fence: string; wakes: number; attempts: number }>(
    `UPDATE runs SET lease_owner = $2, lease_until = clock_timestamp() + $3 * interval '1 millisecond', fence = fence + 1
      WHERE id = $1 AND NOT ended AND wake_at <= clock_timestamp()
        AND (lease_until IS NULL OR lease_until < clock_timestamp())
      RETURNING *`,
    [id, owner, leaseMs],
  );
  const row = taken.rows[0];
  if (!row) return undefined;
  return {
    hold: { run: id, owner, fence: Number(row.fence), leaseMs },
    run: recordOf(row),
    seenWakes: row.wakes,
    attempts: row.attempts,
  };
}

/**
 * Keeps a lease alive while a step works; aborts its signal when the lease is gone.
 * @returns a function that stops it
 */
export function keepAlive(pool: pg.Pool, hold: LeaseHold, abort: AbortController): () => void {
  const timer = setInterval(() => {
    pool
      .query(
        `UPDATE runs SET lease_until = clock_timestamp() + $4 * interval '1 millisecond'
          WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND NOT ended`,
        [hold.run, hold.owner, hold.fence, hold.leaseMs],
      )
      .then((kept) => {
        if (kept.rowCount === 0) abort.abort();
      })
      // The database is away: the lease runs out by itself, and the next journal entry says so.
      .catch(() => undefined);
  }, hold.leaseMs / 3);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Gives back what a worker still holds when it ends, so that another goes on at once and not after the lease. Its fence
 * passes with the next claim: whatever the old one still tries to write is refused, and its effects are reconciled.
 */
export async function releaseLeases(pool: pg.Pool, owner: string): Promise<void> {
  await pool.query('UPDATE runs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1 AND NOT ended', [
    owner,
  ]);
}
