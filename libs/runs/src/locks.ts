import { PlanwardenError } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import type { LeaseHold } from './append-request.js';
import { appendNote, leaseLost } from './journal.js';
import { longestWaiting, passOn } from './lock-rows.js';
import type { Demand } from './run-event.js';

type Client = Pick<pg.PoolClient, 'query'>;

/** A lock that somebody holds, and who waits for it, first come first. Times are RFC 3339, UTC. */
export interface LockView {
  readonly name: string;
  readonly holder: string;
  readonly since: string;
  /** Why an ended run still holds it; null while a run that is under way does. */
  readonly kept: string | null;
  readonly queue: { readonly run: string; readonly since: string }[];
}

/** What a lock is taken with. */
export interface LockDemand {
  /** Locks that all runs of this requester may hold at once; absent: any number. */
  readonly mostOfRequester?: number | undefined;
}

/**
 * Takes a lock for a run, or a place in its queue. Given back by `giveLock` and by every end of the run, each time to
 * the first in the queue. A place in the queue is kept over waits and restarts until the run ends or leaves it.
 * @throws PlanwardenError LEASE_LOST; RUN_LIMIT_REACHED where the requester holds enough already
 */
export async function takeLock(pool: pg.Pool, hold: LeaseHold, name: string, demand: LockDemand): Promise<boolean> {
  return withTransaction(pool, async (client) => {
    // Everywhere the row of the own run first, then the lock's, and rows of other runs only where they are free.
    await assertLease(client, hold);
    const { rows } = await client.query<{ run: string; is_new: boolean }>(
      `INSERT INTO run_locks (name, run) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET run = run_locks.run RETURNING run, xmax = 0 AS is_new`,
      [name, hold.run],
    );
    const { run = '', is_new: isNew = false } = rows[0] ?? {};
    const holder = isNew ? await longestWaiting(client, name, run) : run;
    if (holder !== hold.run) {
      await client.query('INSERT INTO run_lock_waits (name, run) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        name,
        hold.run,
      ]);
      return false;
    }
    await assertWithin(client, hold.run, name, demand);
    await client.query('DELETE FROM run_lock_waits WHERE name = $1 AND run = $2', [name, hold.run]);
    return true;
  });
}

/** Gives a lock back before the run ends, and leaves its queue. One that is pinned stays. */
export async function giveLock(pool: pg.Pool, hold: LeaseHold, name: string): Promise<void> {
  await withTransaction(pool, async (client) => {
    await assertLease(client, hold);
    await client.query('DELETE FROM run_lock_waits WHERE name = $1 AND run = $2', [name, hold.run]);
    await passOn(client, `name = $2 AND run = $1 AND pinned_at IS NULL AND kept IS NULL`, [hold.run, name]);
  });
}

/**
 * Hands a lock on to whoever waits for it, where that is due.
 * @param afterSeconds how long it is the run's own; on the database's clock
 * @returns the run that has it now; null: nobody waits, it is not due, or what it guards may have been touched
 */
export async function handOnLock(
  pool: pg.Pool,
  hold: LeaseHold,
  name: string,
  afterSeconds: number,
): Promise<string | null> {
  return withTransaction(pool, async (client) => {
    await assertLease(client, hold);
    // Whoever is just leaving the queue gets nothing; where nobody else waits, the lock stays where it is.
    const waiting = await client.query(
      `SELECT 1 FROM run_locks l JOIN run_lock_waits w ON w.name = l.name AND w.run <> l.run
         JOIN runs r ON r.id = w.run AND NOT r.ended
        WHERE l.name = $2 AND l.run = $1 AND l.pinned_at IS NULL AND l.kept IS NULL
          AND l.taken_at <= clock_timestamp() - $3 * interval '1 second'
        ORDER BY w.place LIMIT 1 FOR UPDATE OF w SKIP LOCKED`,
      [hold.run, name, afterSeconds],
    );
    if (waiting.rowCount === 0) return null;
    const next = await passOn(client, 'name = $2 AND run = $1 AND pinned_at IS NULL AND kept IS NULL', [
      hold.run,
      name,
    ]);
    return next[0] ?? null;
  });
}

/** From here what the lock guards may have been touched: it is never handed on, and a failed apply leaves it behind. */
export async function pinLock(pool: pg.Pool, hold: LeaseHold, name: string): Promise<void> {
  await withTransaction(pool, async (client) => {
    await assertLease(client, hold);
    const pinned = await client.query(
      'UPDATE run_locks SET pinned_at = COALESCE(pinned_at, clock_timestamp()) WHERE name = $1 AND run = $2',
      [name, hold.run],
    );
    if (pinned.rowCount === 0) throw new Error(`the run does not hold the lock ${name}`);
  });
}

/** Locks as they are seen, and the one thing a person may do with them. */
export class LockStore {
  constructor(private readonly pool: pg.Pool) {}

  /** All of them, or those that a run holds or waits for, by name. */
  async list(run?: string): Promise<LockView[]> {
    const { rows } = await this.pool.query<LockRow>(
      `SELECT l.name, l.run, l.taken_at, l.kept, COALESCE(jsonb_agg(jsonb_build_object('run', w.run, 'since',
                to_char(w.since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) ORDER BY w.place)
              FILTER (WHERE w.run IS NOT NULL), '[]') AS queue
         FROM run_locks l LEFT JOIN run_lock_waits w ON w.name = l.name AND w.run <> l.run
        WHERE $1::text IS NULL OR l.run = $1
           OR EXISTS (SELECT 1 FROM run_lock_waits mine WHERE mine.name = l.name AND mine.run = $1)
        GROUP BY l.name ORDER BY l.name`,
      [run ?? null],
    );
    return rows.map((row) => ({
      name: row.name,
      holder: row.run,
      since: row.taken_at.toISOString(),
      kept: row.kept,
      queue: row.queue,
    }));
  }

  /**
   * A person's word that what a failed apply left was looked at: its locks go to whoever waits. Journaled on that run.
   * @returns names of the locks
   * @throws PlanwardenError LOCK_NOT_KEPT where the run keeps none
   */
  async releaseKept(run: string, { by, reason }: Demand): Promise<string[]> {
    return withTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        `SELECT l.name FROM run_locks l JOIN runs r ON r.id = l.run AND r.ended
          WHERE l.run = $1 AND l.kept IS NOT NULL ORDER BY l.name FOR UPDATE OF l`,
        [run],
      );
      const names = rows.map(({ name }) => name);
      if (names.length === 0) throw notKept();
      await passOn(client, 'run = $1 AND name = ANY($2)', [run, names]);
      const said = reason === '' ? '' : `: ${reason}`;
      await appendNote(client, run, {
        kind: 'note',
        data: { locks: names, by, reason },
        message: `${by} released what this run had kept (${names.join(', ')})${said}`,
      });
      return names;
    });
  }
}

interface LockRow {
  name: string;
  run: string;
  taken_at: Date;
  kept: string | null;
  queue: { run: string; since: string }[];
}

async function assertWithin(client: Client, run: string, name: string, { mostOfRequester }: LockDemand): Promise<void> {
  if (mostOfRequester === undefined) return;
  const { rows } = await client.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM run_locks l JOIN runs r ON r.id = l.run
      WHERE l.name <> $2 AND r.principal = (SELECT principal FROM runs WHERE id = $1)`,
    [run, name],
  );
  if ((rows[0]?.n ?? 0) < mostOfRequester) return;
  throw new PlanwardenError(
    'RUN_LIMIT_REACHED',
    `the runs of this requester hold ${mostOfRequester} locks already, the most they may (limits.locks)`,
    { where: { field: 'limits.locks' }, remedy: 'Let one of them end first, or cancel it; then ask again.' },
  );
}

async function assertLease(client: Client, { run, owner, fence }: LeaseHold): Promise<void> {
  const held = await client.query(
    'SELECT 1 FROM runs WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND NOT ended FOR UPDATE',
    [run, owner, fence],
  );
  if (held.rowCount === 0) throw leaseLost();
}

const notKept = (): PlanwardenError =>
  new PlanwardenError('LOCK_NOT_KEPT', 'this run keeps no lock', {
    where: { field: 'run' },
    remedy: 'Only what a failed apply has kept is released by a person; every other lock is given back by itself.',
  });
