import { type Migration, runMigrations } from '@planwarden/database';
import type pg from 'pg';
import { BEGIN_RUNS_FUNCTION, BEGIN_RUNS_HELD_FUNCTION } from './begin-runs.sql.js';
import { LOCK_JOURNAL } from './lock-journal.sql.js';

const migrations: readonly Migration[] = [
  {
    name: '0001-runs',
    sql: `
      -- The journal: the truth. The other tables are its projections.
      CREATE TABLE run_events (
        run text NOT NULL,
        seq integer NOT NULL,
        position bigint GENERATED ALWAYS AS IDENTITY,
        -- Lets a follower wait for transactions that took an earlier position and have not committed yet.
        transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
        round integer NOT NULL,
        step text,
        kind text NOT NULL,
        message text NOT NULL,
        data jsonb NOT NULL,
        fence bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (run, seq)
      );
      CREATE INDEX run_events_by_position ON run_events (position);
      CREATE FUNCTION runs_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
      CREATE TRIGGER run_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON run_events
        FOR EACH STATEMENT EXECUTE FUNCTION runs_append_only();

      CREATE TABLE runs (
        id text PRIMARY KEY,
        pipeline text NOT NULL,
        title text NOT NULL,
        target text NOT NULL,
        environment text NOT NULL,
        persona text NOT NULL,
        principal text NOT NULL,
        on_behalf_of text,
        request jsonb NOT NULL,
        state text NOT NULL,
        ended boolean NOT NULL DEFAULT false,
        round integer NOT NULL DEFAULT 1,
        step text,
        wait_reason text,
        wait_message text,
        outcome jsonb,
        cancel jsonb,
        discard jsonb,
        attempts integer NOT NULL DEFAULT 0,
        seq integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        -- When to go and look again; null only for an ended run. "wakes" tells a wake-up that came while a worker held the run.
        wake_at timestamptz DEFAULT clock_timestamp(),
        wakes integer NOT NULL DEFAULT 0,
        lease_owner text,
        lease_until timestamptz,
        fence bigint NOT NULL DEFAULT 0
      );
      CREATE INDEX runs_due ON runs (wake_at) WHERE NOT ended;
      CREATE INDEX runs_open_by_target ON runs (target) WHERE NOT ended;

      CREATE TABLE run_steps (
        run text NOT NULL,
        round integer NOT NULL,
        step text NOT NULL,
        state text NOT NULL,
        started_at timestamptz NOT NULL,
        finished_at timestamptz,
        message text,
        output jsonb,
        PRIMARY KEY (run, round, step)
      );
      CREATE TABLE run_effects (
        run text NOT NULL,
        step text NOT NULL,
        name text NOT NULL,
        key text NOT NULL,
        state text NOT NULL CHECK (state IN ('intent', 'done')),
        result jsonb,
        PRIMARY KEY (run, step, name, key)
      );
      CREATE TABLE run_locks (
        name text PRIMARY KEY,
        run text NOT NULL,
        taken_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );`,
  },
  {
    name: '0002-lock-queue',
    sql: `
      -- Set once what a lock guards may have been touched; and why a run that has ended still holds it.
      ALTER TABLE run_locks ADD COLUMN pinned_at timestamptz, ADD COLUMN kept text;
      CREATE INDEX run_locks_by_run ON run_locks (run);
      CREATE INDEX runs_by_principal ON runs (principal, created_at);
      -- Who waits for a lock, first come first.
      CREATE TABLE run_lock_waits (
        name text NOT NULL,
        run text NOT NULL,
        place bigint GENERATED ALWAYS AS IDENTITY,
        since timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (name, run)
      );
      CREATE INDEX run_lock_waits_by_run ON run_lock_waits (run);`,
  },
  {
    // Followers read in this order. The table is append-only and small beside what it guards; no lock is held long.
    name: '0003-events-by-transaction',
    sql: 'CREATE INDEX run_events_by_transaction ON run_events (transaction, position);',
  },
  {
    name: '0004-run-parents',
    sql: `
      -- {run, kind}: the run that a retry or a rollback mends.
      ALTER TABLE runs ADD COLUMN parent jsonb;
      CREATE INDEX runs_by_parent ON runs ((parent->>'run')) WHERE parent IS NOT NULL;
      -- These rows change in place many times: with room on their page no index is touched.
      ALTER TABLE runs SET (fillfactor = 70);
      ALTER TABLE run_steps SET (fillfactor = 85);`,
  },
  {
    name: '0005-begin-together',
    sql: BEGIN_RUNS_FUNCTION,
  },
  {
    // Every worker looks for them all the time, and there are hardly ever any.
    name: '0006-strangers',
    sql: `CREATE INDEX runs_strangers ON runs (pipeline) WHERE NOT ended AND wait_reason = 'pipeline_changed';`,
  },
  {
    name: '0007-lock-journal',
    sql: LOCK_JOURNAL,
  },
  {
    // Beside the first one, which a release that still runs calls.
    name: '0008-begin-held',
    sql: BEGIN_RUNS_HELD_FUNCTION,
  },
];

/** Brings the tables of this library up to date. */
export async function migrateRuns(pool: pg.Pool): Promise<void> {
  await runMigrations(pool, 'runs', migrations);
}
