import type { EndState } from '@planwarden/contracts';
import type pg from 'pg';

/** What happens to the rows of locks and of their queues, in the transaction of whoever calls. */

type Client = Pick<pg.PoolClient, 'query'>;

/**
 * What an end leaves of the run's locks, in the transaction that records it. An apply that failed keeps what it pinned;
 * what was taken over from such an apply is only freed by one that succeeds.
 */
export async function locksAtEnd(client: Client, run: string, state: EndState): Promise<void> {
  await client.query('DELETE FROM run_lock_waits WHERE run = $1', [run]);
  const isSettled = state === 'applied' || state === 'verify_failed';
  if (!isSettled) {
    await client.query(
      `UPDATE run_locks SET kept = COALESCE(kept, $2)
        WHERE run = $1 AND (kept IS NOT NULL OR (pinned_at IS NOT NULL AND $3))`,
      [run, 'an apply of this run began and did not end well', state === 'apply_failed'],
    );
  }
  await passOn(client, 'run = $1 AND (kept IS NULL OR $2)', [run, isSettled]);
}

/** What an ended run kept goes to a run that mends it, in the transaction that begins that run. */
export async function passKeptLocks(client: Client, parent: string, child: string): Promise<void> {
  await client.query(
    `UPDATE run_locks SET run = $2, taken_at = clock_timestamp(), pinned_at = NULL
      WHERE run = $1 AND kept IS NOT NULL AND EXISTS (SELECT 1 FROM runs WHERE id = $1 AND ended)`,
    [parent, child],
  );
}

/**
 * Nobody overtakes a queue: a lock that was found free goes to whoever waited longest, who looks again by itself. Its
 * place is held until then: a run that ends meanwhile leaves its queues first, and finds then what it was given.
 */
export async function longestWaiting(client: Client, name: string, run: string): Promise<string> {
  const { rows } = await client.query<{ run: string }>(
    `UPDATE run_locks SET run = w.run
       FROM (SELECT q.run FROM run_lock_waits q JOIN runs r ON r.id = q.run AND NOT r.ended
              WHERE q.name = $1 ORDER BY q.place LIMIT 1 FOR UPDATE OF q SKIP LOCKED) AS w
      WHERE name = $1 RETURNING w.run`,
    [name],
  );
  return rows[0]?.run ?? run;
}

/**
 * Locks that match go to the first in their queue, or are free. Whoever gets one is woken, unless a worker holds its row
 * this instant: it looks again by itself soon.
 * @returns runs that have one now
 */
export async function passOn(client: Client, which: string, values: readonly unknown[]): Promise<string[]> {
  const freed = await client.query<{ name: string; run: string }>(
    `DELETE FROM run_locks WHERE ${which} RETURNING name, run`,
    [...values],
  );
  const next: string[] = [];
  for (const { name, run } of freed.rows) {
    const { rows } = await client.query<{ run: string }>(
      `INSERT INTO run_locks (name, run)
        SELECT $1, w.run FROM run_lock_waits w JOIN runs r ON r.id = w.run AND NOT r.ended
         WHERE w.name = $1 AND w.run <> $2 ORDER BY w.place LIMIT 1 FOR UPDATE OF w SKIP LOCKED
       RETURNING run`,
      [name, run],
    );
    next.push(...rows.map((row) => row.run));
  }
  if (next.length === 0) return next;
  await client.query(
    `UPDATE runs SET wake_at = clock_timestamp(), wakes = wakes + 1
      WHERE id IN (SELECT id FROM runs WHERE id = ANY($1) AND NOT ended ORDER BY id FOR UPDATE SKIP LOCKED)`,
    [next],
  );
  return next;
}
