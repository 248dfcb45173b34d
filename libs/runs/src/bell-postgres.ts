import type { Log } from '@planwarden/contracts';
import { createPool } from '@planwarden/database';
import { createPostgresBackend, DEFAULT_SCHEMA, type PgPool, runMigrations, withBackend } from 'bullmq';
import { BELL_QUEUE, type Bell, type BellListener, ringOn } from './bell.js';

const { Queue, Worker } = withBackend(createPostgresBackend);

/** The bell on BullMQ's PostgreSQL backend. @param connectionString the installation's database */
export async function openPostgresBell(connectionString: string, log: Log): Promise<Bell> {
  const pool = bullPool(connectionString, 2, log);
  const client = await pool.connect();
  try {
    await runMigrations(client, DEFAULT_SCHEMA);
  } finally {
    client.release();
  }
  const queue = new Queue<{ run: string }>(BELL_QUEUE, { connection: asBackend(pool) });
  queue.on('error', (err) => log.warn({ err }, 'the bell has lost its connection'));
  return {
    ring: ringOn(queue, log),
    check: async () => {
      await pool.query('SELECT 1');
    },
    close: async () => {
      await queue.close();
      await pool.end();
    },
  };
}

/** Hears the bell on BullMQ's PostgreSQL backend. */
export async function listenOnPostgres(
  connectionString: string,
  onRing: (run: string) => Promise<void>,
  concurrency: number,
  log: Log,
): Promise<BellListener> {
  const pool = bullPool(connectionString, 4, log);
  const worker = new Worker<{ run: string }>(BELL_QUEUE, async (job) => onRing(job.data.run), {
    connection: asBackend(pool),
    concurrency,
  });
  worker.on('error', (err) => log.warn({ err }, 'the bell has lost its connection'));
  await worker.waitUntilReady();
  return {
    close: async () => {
      await worker.close();
      await pool.end();
    },
  };
}

/** BullMQ sets no search path on a pool it is given, so the pool carries it. */
function bullPool(connectionString: string, max: number, log: Log) {
  return createPool({ connectionString, max, log, searchPath: DEFAULT_SCHEMA });
}

/** BullMQ describes the part of a pool it uses with an index signature that pg's class does not declare. */
const asBackend = (pool: ReturnType<typeof createPool>): PgPool => pool as unknown as PgPool;
