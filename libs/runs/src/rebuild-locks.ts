import { withTransaction } from '@planwarden/database';
import type pg from 'pg';

/** How the rows stand by their journal up to position $1: the last word on each. */
const TOLD = {
  locks: `SELECT name, run, taken_at, pinned_at, kept FROM (
            SELECT DISTINCT ON (name) * FROM run_lock_events WHERE kind IN ('held', 'free') AND position <= $1 ORDER BY name, position DESC
          ) AS last WHERE kind = 'held'`,
  waits: `SELECT name, run, place, since FROM (
            SELECT DISTINCT ON (name, run) * FROM run_lock_events WHERE kind IN ('waits', 'left') AND position <= $1
             ORDER BY name, run, position DESC
          ) AS last WHERE kind = 'waits'`,
} as const;

/** Rows that are not as they are told go, rows that are told and not there come. */
const MEND = [
  `DELETE FROM run_locks l WHERE NOT EXISTS (SELECT 1 FROM (${TOLD.locks}) AS t
     WHERE (t.name, t.run, t.taken_at) = (l.name, l.run, l.taken_at)
       AND (t.pinned_at, t.kept) IS NOT DISTINCT FROM (l.pinned_at, l.kept)) RETURNING run`,
  `INSERT INTO run_locks (name, run, taken_at, pinned_at, kept) ${TOLD.locks} ON CONFLICT DO NOTHING RETURNING run`,
  `DELETE FROM run_lock_waits w WHERE NOT EXISTS (SELECT 1 FROM (${TOLD.waits}) AS t
     WHERE (t.name, t.run, t.place, t.since) = (w.name, w.run, w.place, w.since)) RETURNING run`,
  `INSERT INTO run_lock_waits (name, run, place, since) OVERRIDING SYSTEM VALUE ${TOLD.waits}
     ON CONFLICT DO NOTHING RETURNING run`,
] as const;

/**
 * Makes locks and their queues again from their journal. Whoever takes or gives a lock waits meanwhile.
 * @returns runs whose rows said something else before
 */
export async function rebuildLocks(pool: pg.Pool): Promise<Set<string>> {
  return withTransaction(pool, async (client) => {
    await client.query('LOCK TABLE run_locks, run_lock_waits IN SHARE ROW EXCLUSIVE MODE');
    const mended = new Set<string>();
    // What is mended is journaled as well: only what stood before is read.
    const last = await client.query<{ position: string }>(
      'SELECT COALESCE(max(position), 0)::text AS position FROM run_lock_events',
    );
    for (const statement of MEND) {
      const { rows } = await client.query<{ run: string }>(statement, [last.rows[0]?.position]);
      for (const { run } of rows) mended.add(run);
    }
    return mended;
  });
}
