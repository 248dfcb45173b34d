import { createPool } from '@planwarden/database';
import type pg from 'pg';

/**
 * Gives a database a clock that can be set. Every statement of the engine calls `now()` and `clock_timestamp()` without a
 * schema, so functions of these names that are found before PostgreSQL's own are the clock it sees: leases, waits and
 * column defaults alike. It needs no privilege over the machine, whose own clock other processes read, too.
 */
export async function makeClock(connectionString: string, name: string): Promise<void> {
  const pool = createPool({ connectionString, max: 1 });
  try {
    await pool.query(`
      CREATE TABLE turned (by interval NOT NULL);
      INSERT INTO turned VALUES ('0');
      CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT pg_catalog.clock_timestamp() + by FROM public.turned';
      CREATE FUNCTION now() RETURNS timestamptz LANGUAGE sql STABLE
        AS 'SELECT pg_catalog.now() + by FROM public.turned';
      ALTER DATABASE ${name} SET search_path = public, pg_catalog`);
  } finally {
    await pool.end();
  }
}

/** Sets it forward, or back. */
export async function turnClock(pool: pg.Pool, byMs: number): Promise<void> {
  await pool.query(`UPDATE turned SET by = by + $1::float8 * interval '1 millisecond'`, [byMs]);
}
