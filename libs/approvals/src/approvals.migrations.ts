import { type Migration, runMigrations } from '@planwarden/database';
import type pg from 'pg';

/** Every table of record is append-only: the database itself refuses to change or remove a row. */
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
  {
    name: '0002-freezes-break-glass-and-passkeys',
    sql: `
      CREATE TABLE freezes (
        id text PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY,
        -- Null: every environment.
        environment text,
        reason text NOT NULL,
        by_person text NOT NULL,
        starts_at timestamptz NOT NULL,
        ends_at timestamptz CHECK (ends_at > starts_at),
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE TABLE freeze_lifts (
        freeze_id text PRIMARY KEY REFERENCES freezes,
        by_person text NOT NULL,
        reason text NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE TABLE passkeys (
        credential_id text PRIMARY KEY,
        person text NOT NULL,
        public_key text NOT NULL,
        enrolled_by text NOT NULL CHECK (enrolled_by IN ('operator', 'first-sign-in', 'passkey')),
        by_credential text REFERENCES passkeys CHECK ((by_credential IS NOT NULL) = (enrolled_by = 'passkey')),
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX passkeys_by_person ON passkeys (person);
      CREATE TABLE passkey_revocations (
        credential_id text PRIMARY KEY REFERENCES passkeys,
        by_person text NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      -- Every assertion that was taken, by what no second one of the same key shares.
      CREATE TABLE passkey_uses (
        use text PRIMARY KEY,
        credential_id text NOT NULL REFERENCES passkeys,
        counter bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX passkey_uses_by_credential ON passkey_uses (credential_id, counter);
      CREATE TABLE passkey_challenges (
        challenge_hash text PRIMARY KEY,
        person text NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      );
      CREATE TABLE break_glass (
        id text PRIMARY KEY,
        run text NOT NULL,
        round integer NOT NULL,
        subject_digest text NOT NULL,
        person text NOT NULL,
        reason text NOT NULL,
        assurance text NOT NULL CHECK (assurance IN ('session', 'presence')),
        presence jsonb CHECK ((presence IS NOT NULL) = (assurance = 'presence')),
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        until timestamptz NOT NULL CHECK (until > at),
        FOREIGN KEY (run, round) REFERENCES subjects (run, round)
      );
      CREATE INDEX break_glass_by_subject ON break_glass (subject_digest, until);
      ALTER TABLE web_votes ADD COLUMN presence jsonb;
      ALTER TABLE web_votes ADD CONSTRAINT web_votes_presence
        CHECK (presence IS NULL OR assurance = 'presence');
      CREATE TRIGGER freezes_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON freezes
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();
      CREATE TRIGGER freeze_lifts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON freeze_lifts
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();
      CREATE TRIGGER passkeys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passkeys
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();
      CREATE TRIGGER passkey_revocations_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passkey_revocations
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();
      CREATE TRIGGER passkey_uses_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passkey_uses
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();
      CREATE TRIGGER break_glass_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON break_glass
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();`,
  },
  {
    name: '0003-seen-rejects',
    sql: `
      -- Rejects as they were read at GitHub, where others may delete them.
      CREATE TABLE seen_rejects (
        run text NOT NULL,
        round integer NOT NULL,
        reference text NOT NULL,
        subject_digest text NOT NULL,
        github_id bigint NOT NULL,
        road text NOT NULL,
        reason text NOT NULL,
        at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (run, round, reference),
        FOREIGN KEY (run, round) REFERENCES subjects (run, round)
      );
      CREATE TRIGGER seen_rejects_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seen_rejects
        FOR EACH STATEMENT EXECUTE FUNCTION approvals_append_only();`,
  },
];

/** Brings the tables of this library up to date. */
export async function migrateApprovals(pool: pg.Pool): Promise<void> {
  await runMigrations(pool, 'approvals', migrations);
}
