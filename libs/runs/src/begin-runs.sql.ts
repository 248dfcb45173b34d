/**
 * Begins runs that are asked for at the same time: row, first entry and wake time, within the limits. A function, because
 * each of its statements sees what was committed before it: the locks come first, then the counts. And one statement for
 * the caller: whatever becomes of him, the server carries it to its end, and nobody waits for locks of a paused process.
 * Its name carries a number: a release that needs another one makes another one, and the old release keeps its own.
 */
export const BEGIN_RUNS_FUNCTION = `
      CREATE INDEX runs_open_by_principal ON runs (principal) WHERE NOT ended;
      -- One row each: null and its time, or the limit that refuses it.
      CREATE FUNCTION runs_begin_1(asked json) RETURNS TABLE (id text, refused text, begun timestamptz)
      LANGUAGE plpgsql AS $$
      DECLARE
        n record;
      BEGIN
        -- In one order for everybody, so that nobody waits in a ring.
        PERFORM pg_advisory_xact_lock(one.lock) FROM (
          SELECT DISTINCT kind, hashtextextended(prefix || CASE kind WHEN 1 THEN a.principal ELSE a.target END, 0) AS lock
            FROM json_to_recordset(asked) AS a(principal text, target text),
                 (VALUES (1, 'runs-by:'), (2, 'runs:')) AS k(kind, prefix)
           ORDER BY 1, 2) AS one;
        begun := now();
        FOR n IN SELECT * FROM json_to_recordset(asked) AS a(
          id text, pipeline text, title text, target text, environment text, persona text, principal text,
          on_behalf_of text, request jsonb, parent jsonb, message text, data jsonb, most_of_target integer,
          most_open integer, most_an_hour integer, most_locks integer)
        LOOP
          id := n.id;
          -- Counted one by one: each sees those that were begun before it.
          refused := CASE
            WHEN n.most_of_target <= (SELECT count(*) FROM runs r WHERE r.target = n.target AND NOT r.ended)
              THEN 'target'
            WHEN n.most_open <= (SELECT count(*) FROM runs r WHERE r.principal = n.principal AND NOT r.ended)
              THEN 'limits.openRuns'
            WHEN n.most_an_hour <= (SELECT count(*) FROM runs r WHERE r.principal = n.principal
                                       AND r.created_at > clock_timestamp() - interval '1 hour')
              THEN 'limits.runsAnHour'
            WHEN n.most_locks <= (SELECT count(*) FROM run_locks l JOIN runs r ON r.id = l.run
                                   WHERE r.principal = n.principal)
              THEN 'limits.locks'
          END;
          IF refused IS NULL THEN
            INSERT INTO runs (id, pipeline, title, target, environment, persona, principal, on_behalf_of, request,
                              parent, state, seq, wakes, created_at, updated_at)
            VALUES (n.id, n.pipeline, n.title, n.target, n.environment, n.persona, n.principal, n.on_behalf_of,
                    COALESCE(n.request, 'null'), n.parent, 'pending', 1, 1, begun, begun);
            INSERT INTO run_events (run, seq, round, kind, message, data, fence, at)
            VALUES (n.id, 1, 1, 'run:started', n.message, n.data, 0, begun);
          END IF;
          RETURN NEXT;
        END LOOP;
      END $$;`;

/**
 * The same, and a run may begin under the lease of a worker: it is written as a claim would write it, with the first
 * fence there is, and the worker gets the request as it was stored. All that are asked for together begin in one go where
 * they stay within every limit, because then none can be refused in whatever order they are counted; else the function
 * is called with each alone.
 */
export const BEGIN_RUNS_HELD_FUNCTION = `
      -- One row each: null and its time, or the limit that refuses it.
      CREATE FUNCTION runs_begin_2(asked json)
      RETURNS TABLE (id text, refused text, begun timestamptz, held_request jsonb)
      LANGUAGE plpgsql AS $$
      DECLARE
        alone json;
      BEGIN
        -- In one order for everybody, so that nobody waits in a ring.
        PERFORM pg_advisory_xact_lock(one.lock) FROM (
          SELECT DISTINCT kind, hashtextextended(prefix || CASE kind WHEN 1 THEN a.principal ELSE a.target END, 0) AS lock
            FROM json_to_recordset(asked) AS a(principal text, target text),
                 (VALUES (1, 'runs-by:'), (2, 'runs:')) AS k(kind, prefix)
           ORDER BY 1, 2) AS one;
        RETURN QUERY
        WITH a AS MATERIALIZED (
          SELECT * FROM json_to_recordset(asked) AS a(
            id text, pipeline text, title text, target text, environment text, persona text, principal text,
            on_behalf_of text, request jsonb, parent jsonb, message text, data jsonb, most_of_target integer,
            most_open integer, most_an_hour integer, most_locks integer, owner text, lease float8)
        ), reached AS MATERIALIZED (
          -- What no limit asks for is not counted.
          SELECT CASE WHEN EXISTS (
            SELECT 1 FROM (SELECT a.target, count(*) AS n, min(a.most_of_target) AS most FROM a GROUP BY a.target) AS t
             WHERE t.most < t.n + (SELECT count(*) FROM runs r WHERE r.target = t.target AND NOT r.ended)
          ) THEN 'target' ELSE (
            SELECT max(CASE
                     WHEN p.most_open IS NOT NULL
                      AND p.most_open < p.n + (SELECT count(*) FROM runs r WHERE r.principal = p.principal AND NOT r.ended)
                       THEN 'limits.openRuns'
                     WHEN p.most_an_hour IS NOT NULL
                      AND p.most_an_hour < p.n + (SELECT count(*) FROM runs r WHERE r.principal = p.principal
                                                     AND r.created_at > clock_timestamp() - interval '1 hour')
                       THEN 'limits.runsAnHour'
                     WHEN p.most_locks IS NOT NULL
                      AND p.most_locks <= (SELECT count(*) FROM run_locks l JOIN runs r ON r.id = l.run
                                            WHERE r.principal = p.principal)
                       THEN 'limits.locks'
                   END)
              FROM (SELECT a.principal, count(*) AS n, min(a.most_open) AS most_open,
                           min(a.most_an_hour) AS most_an_hour, min(a.most_locks) AS most_locks
                      FROM a GROUP BY a.principal) AS p
          ) END AS by_one
        ), rows AS (
          INSERT INTO runs AS r (id, pipeline, title, target, environment, persona, principal, on_behalf_of, request,
                                 parent, state, seq, wakes, created_at, updated_at, lease_owner, lease_until, fence)
          SELECT a.id, a.pipeline, a.title, a.target, a.environment, a.persona, a.principal, a.on_behalf_of,
                 COALESCE(a.request, 'null'), a.parent, 'pending', 1, 1, now(), now(),
                 a.owner, clock_timestamp() + a.lease * interval '1 millisecond',
                 CASE WHEN a.owner IS NULL THEN 0 ELSE 1 END
            FROM a, reached WHERE reached.by_one IS NULL
          RETURNING r.id, CASE WHEN r.lease_owner IS NOT NULL THEN r.request END AS held_request
        ), entries AS (
          INSERT INTO run_events (run, seq, round, kind, message, data, fence, at)
          SELECT a.id, 1, 1, 'run:started', a.message, a.data, 0, now() FROM a, reached WHERE reached.by_one IS NULL
        )
        SELECT rows.id, NULL::text, now(), rows.held_request FROM rows
        UNION ALL SELECT a.id, reached.by_one, now(), NULL FROM a, reached
         WHERE reached.by_one IS NOT NULL AND json_array_length(asked) = 1;
        IF FOUND THEN RETURN; END IF;
        -- Each sees those that were begun before it.
        FOR alone IN SELECT json_build_array(e.value) FROM json_array_elements(asked) AS e LOOP
          RETURN QUERY SELECT * FROM runs_begin_2(alone);
        END LOOP;
      END $$;`;

/** $1: the runs as JSON, each with its limits and, where a worker takes it as it begins, with the lease. */
export const BEGIN_RUNS = {
  name: 'runs-begin-3',
  text: 'SELECT id, refused, begun, held_request FROM runs_begin_2($1)',
} as const;
