/**
 * The journal of locks: how each row of `run_locks` and `run_lock_waits` stood from when on. Written by triggers, so that
 * an older release which is still at work writes it as well, and so that nothing can change a row and leave it out.
 */
export const LOCK_JOURNAL = `
      CREATE TABLE run_lock_events (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name text NOT NULL,
        run text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('held', 'free', 'waits', 'left')),
        taken_at timestamptz,
        pinned_at timestamptz,
        kept text,
        place bigint,
        since timestamptz,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX run_lock_events_by_name ON run_lock_events (name, position);
      CREATE TRIGGER run_lock_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON run_lock_events
        FOR EACH STATEMENT EXECUTE FUNCTION runs_append_only();

      CREATE FUNCTION run_locks_journal() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' THEN
          INSERT INTO run_lock_events (name, run, kind) VALUES (OLD.name, OLD.run, 'free');
        ELSE
          INSERT INTO run_lock_events (name, run, kind, taken_at, pinned_at, kept)
          VALUES (NEW.name, NEW.run, 'held', NEW.taken_at, NEW.pinned_at, NEW.kept);
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER run_locks_come_and_go AFTER INSERT OR DELETE ON run_locks
        FOR EACH ROW EXECUTE FUNCTION run_locks_journal();
      -- Whoever only looks touches the row and changes nothing.
      CREATE TRIGGER run_locks_change AFTER UPDATE ON run_locks
        FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION run_locks_journal();

      CREATE FUNCTION run_lock_waits_journal() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_OP = 'DELETE' THEN
          INSERT INTO run_lock_events (name, run, kind) VALUES (OLD.name, OLD.run, 'left');
        ELSE
          INSERT INTO run_lock_events (name, run, kind, place, since)
          VALUES (NEW.name, NEW.run, 'waits', NEW.place, NEW.since);
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER run_lock_waits_come_and_go AFTER INSERT OR DELETE ON run_lock_waits
        FOR EACH ROW EXECUTE FUNCTION run_lock_waits_journal();

      -- What stands already. The triggers above keep everybody from changing it meanwhile.
      INSERT INTO run_lock_events (name, run, kind, taken_at, pinned_at, kept)
        SELECT name, run, 'held', taken_at, pinned_at, kept FROM run_locks;
      INSERT INTO run_lock_events (name, run, kind, place, since)
        SELECT name, run, 'waits', place, since FROM run_lock_waits;`;
