import { createPool } from '@planwarden/database';
import type { BellBackend } from '@planwarden/runs';

/** A bell of the product, and how its queue is lost. */
export interface Queue {
  readonly backend: BellBackend;
  /** Everything in it is gone; it goes on. */
  empty(): Promise<void>;
  /** It is gone itself. */
  remove(): Promise<void>;
}

const SCHEMA = 'bullmq';

/** On BullMQ's PostgreSQL backend, beside the journal. */
export function queueOnPostgres(connectionString: string): Queue {
  const ask = async (statement: string): Promise<void> => {
    const pool = createPool({ connectionString, max: 1 });
    try {
      await pool.query(statement);
    } finally {
      await pool.end();
    }
  };
  return {
    backend: { store: 'postgres', connectionString },
    empty: () =>
      ask(`DO $$ DECLARE names text;
        BEGIN
          SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') INTO names FROM pg_tables
           WHERE schemaname = '${SCHEMA}' AND tablename NOT LIKE '%migration%';
          EXECUTE 'TRUNCATE ' || names;
        END $$`),
    remove: () => ask(`DROP SCHEMA ${SCHEMA} CASCADE`),
  };
}
