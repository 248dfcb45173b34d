import type pg from 'pg';
import type { FeedEntry } from './graph-feed.js';

/** Held from the entry to the commit, so that positions become visible in the order they rise. */
const LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('graph:outbox', 0))`;

/** Writes an entry in the transaction that records the same in the tables. */
export async function post(client: pg.PoolClient, entry: FeedEntry): Promise<void> {
  await client.query(LOCK);
  await client.query('INSERT INTO graph_outbox (entry) VALUES ($1)', [JSON.stringify(entry)]);
}

/** Takes the outbox for the rest of this transaction: nothing is posted or taken by others meanwhile. */
export async function holdOutbox(client: pg.PoolClient): Promise<void> {
  await client.query(LOCK);
}

export async function oldest(client: pg.PoolClient): Promise<{ position: number; entry: FeedEntry } | null> {
  const { rows } = await client.query<{ position: string; entry: FeedEntry }>(
    'SELECT position, entry FROM graph_outbox ORDER BY position LIMIT 1',
  );
  const row = rows[0];
  return row ? { position: Number(row.position), entry: row.entry } : null;
}

export async function isEmpty(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query<{ some: boolean }>('SELECT EXISTS (SELECT FROM graph_outbox) AS some');
  return rows[0]?.some === false;
}

/** The highest position ever given. */
export async function lastPosition(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ last: string | null }>(
    `SELECT pg_sequence_last_value(pg_get_serial_sequence('graph_outbox', 'position')::regclass) AS last`,
  );
  return Number(rows[0]?.last ?? 0);
}

export async function removeUpTo(client: pg.PoolClient, position: number): Promise<void> {
  await client.query('DELETE FROM graph_outbox WHERE position <= $1', [position]);
}
