/**
 * The statements of the journal's hot path. Each is one statement and therefore one transaction of its own: no worker
 * that dies or is paused can leave one open, and nothing is answered before its COMMIT.
 */

/**
 * Appends of many runs at once. $1: one row a run, with its lease and what its row becomes; $2: entries; $3: steps;
 * $4: effects. Fence and owner are checked row by row: a run whose lease is gone is not in `held`, so nothing of it is
 * written and it is missing in the answer, while its neighbours are. Time: `now()`, one instant a statement, from
 * which an entry that was made earlier is reckoned back.
 */
export const APPEND_BATCH = {
  name: 'runs-append-batch-1',
  text: `
WITH held AS (
  UPDATE runs AS r SET
    seq = r.seq + b.n,
    updated_at = CASE WHEN b.n = 0 THEN r.updated_at ELSE now() - b.ago * interval '1 millisecond' END,
    state = b.state, ended = b.ended, round = b.round, step = b.step, attempts = b.attempts,
    wait_reason = b.wait_reason, wait_message = b.wait_message, outcome = b.outcome,
    -- A bell that rang while the run was held is not lost: the counter has moved since it was read.
    wake_at = CASE WHEN b.ended THEN NULL
                   WHEN b.wake IS NULL THEN r.wake_at
                   WHEN r.wakes <> b.wakes THEN clock_timestamp()
                   ELSE clock_timestamp() + b.wake * interval '1 millisecond' END,
    lease_owner = CASE WHEN b.release OR b.ended THEN NULL ELSE r.lease_owner END,
    lease_until = CASE WHEN b.release OR b.ended THEN NULL
                       ELSE clock_timestamp() + b.lease * interval '1 millisecond' END
  FROM json_to_recordset($1::json) AS b(
    id text, owner text, fence bigint, n integer, ago float8, state text, ended boolean, round integer, step text,
    attempts integer, wait_reason text, wait_message text, outcome jsonb, wake float8, wakes integer, release boolean,
    lease float8)
  WHERE r.id = b.id AND r.lease_owner = b.owner AND r.fence = b.fence AND NOT r.ended
  RETURNING r.id, r.seq - b.n AS before, r.fence, r.cancel, r.discard, r.updated_at
), entries AS (
  INSERT INTO run_events (run, seq, round, step, kind, message, data, fence, at)
  SELECT h.id, h.before + e.i, e.round, e.step, e.kind, e.message, COALESCE(e.data, 'null'::jsonb), h.fence,
         now() - e.ago * interval '1 millisecond'
    FROM json_to_recordset($2::json) AS e(
      run text, i integer, round integer, step text, kind text, message text, data jsonb, ago float8)
    JOIN held h ON h.id = e.run
), steps AS (
  INSERT INTO run_steps AS s (run, round, step, state, started_at, finished_at, message, output)
  SELECT h.id, c.round, c.step, c.state, now() - c.started * interval '1 millisecond',
         CASE WHEN c.state = 'done' THEN now() - c.ago * interval '1 millisecond' END, c.message, c.output
    FROM json_to_recordset($3::json) AS c(
      run text, round integer, step text, state text, started float8, ago float8, message text, output jsonb)
    JOIN held h ON h.id = c.run
  ON CONFLICT (run, round, step) DO UPDATE SET state = EXCLUDED.state, message = EXCLUDED.message,
    finished_at = CASE WHEN EXCLUDED.state IN ('done', 'running') THEN EXCLUDED.finished_at ELSE s.finished_at END,
    output = CASE WHEN EXCLUDED.state = 'done' THEN EXCLUDED.output ELSE s.output END
), effects AS (
  INSERT INTO run_effects AS f (run, step, name, key, state, result)
  SELECT h.id, c.step, c.name, c.key, c.state, c.result
    FROM json_to_recordset($4::json) AS c(run text, step text, name text, key text, state text, result jsonb)
    JOIN held h ON h.id = c.run
  ON CONFLICT (run, step, name, key) DO UPDATE SET state = EXCLUDED.state, result = EXCLUDED.result
    WHERE EXCLUDED.state = 'done'
)
SELECT id, cancel, discard, updated_at FROM held`,
} as const;

/**
 * Takes runs that are due and free. $1: ids, $2: owner, $3: milliseconds of the lease. Every claim has a fence above all
 * earlier ones.
 */
export const CLAIM_BATCH = {
  name: 'runs-claim-batch-1',
  text: `
UPDATE runs AS r SET lease_owner = $2, fence = r.fence + 1,
       lease_until = clock_timestamp() + $3::float8 * interval '1 millisecond'
  FROM unnest($1::text[]) AS b(id)
 WHERE r.id = b.id AND NOT r.ended AND r.wake_at <= clock_timestamp()
   AND (r.lease_until IS NULL OR r.lease_until < clock_timestamp())
RETURNING r.*, EXISTS (SELECT 1 FROM run_locks l WHERE l.run = r.id)
            OR EXISTS (SELECT 1 FROM run_lock_waits w WHERE w.run = r.id) AS has_locks`,
} as const;

/**
 * Keeps leases alive and tells who asked for a cancel. $1: ids, $2: fences, $3: owner, $4: milliseconds. A row that
 * somebody has this instant is told as `busy` and not waited for: whoever is paused with it must not cost the others their
 * leases. What is missing in the answer is lost.
 */
export const KEEP_LEASES = {
  name: 'runs-keep-leases-3',
  text: `
WITH asked AS (SELECT * FROM unnest($1::text[], $2::bigint[]) AS b(id, fence)
), free AS (
  SELECT r.id FROM asked b JOIN runs r ON r.id = b.id
   WHERE r.fence = b.fence AND r.lease_owner = $3 AND NOT r.ended
     FOR UPDATE OF r SKIP LOCKED
), kept AS (
  UPDATE runs AS r SET lease_until = clock_timestamp() + $4::float8 * interval '1 millisecond'
    FROM free WHERE r.id = free.id
  RETURNING r.id, r.fence, r.cancel
)
SELECT b.id, b.fence, k.cancel, k.id IS NULL AS busy
  FROM asked b LEFT JOIN kept k ON k.id = b.id AND k.fence = b.fence
 WHERE k.id IS NOT NULL
    OR EXISTS (SELECT 1 FROM runs r WHERE r.id = b.id AND r.fence = b.fence AND r.lease_owner = $3 AND NOT r.ended)`,
} as const;

/** Gives one lease back so that another worker may go on at once. $1: id, $2: owner, $3: fence. */
export const LET_GO = `
UPDATE runs SET lease_owner = NULL, lease_until = NULL
 WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND NOT ended`;
