import { type Migration, runMigrations } from '@planwarden/database';
import type pg from 'pg';

/** Both tables are append-only: the database itself refuses to change or remove a row. */
const migrations: readonly Migration[] = [
  {
    name: '0001-subjects-and-web-votes',
    sql: `
      CREATE TABLE subjects (
        run text NOT NULL,
        round integer NOT NULL,
        digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
        -- The canonical bytes. Text, not jsonb: jsonb would not give the same bytes back.
        body text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (run, round)
      );
      CREATE TABLE web_votes (
        id text PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY,
        run text NOT NULL,
        round integer NOT NULL,
        subject_digest text NOT NULL,
        decision text NOT NULL CHECK (decision IN ('approve', 'reject')),
        person text NOT NULL,
        github_id bigint,
        reason text NOT NULL,
        assurance text NOT NULL CHECK (assurance IN ('session', 'presence')),
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        FOREIGN KEY (run, round) REFERENCES subjects (run, round)
      );
      CREATE INDEX web_votes_by_round ON web_votes (run, round, position);
      CREATE FUNCTION approvals_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;
      CREATE TRIGGER subjects_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON subjects
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();
      CREATE TRIGGER web_votes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON web_votes
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();`,
  },
];

/** Brings the tables of this library up to date. */
export async function migrateApprovals(pool: pg.Pool): Promise<void> {
  await runMigrations(pool, 'approvals', migrations);
}
