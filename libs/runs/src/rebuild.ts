import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { type EffectChange, NEW_RUN, project, type RunView, type StepChange } from './projection.js';
import { rebuildLocks } from './rebuild-locks.js';
import type { RunEventBody, RunEventEntry } from './run-event.js';

export interface Rebuilt {
  /** Runs in the journal. */
  readonly runs: number;
  /** How many had rows that did not say what the journal says, such of which it knows nothing included. */
  readonly mended: number;
}

const PAGE = 500;

/**
 * Makes the rows of every run again from its journal, run by run, each in a transaction of its own, and before them the
 * locks: safe while workers are at work. What no entry tells is left as it is (lease, fence, bells heard), or begins anew
 * where the row was lost; a run whose rows were mended is looked at again, whenever it was due. Rows of runs of which the
 * journal knows nothing go: a run and its first entry are one statement.
 */
export async function rebuildRuns(pool: pg.Pool): Promise<Rebuilt> {
  let after = '';
  let runs = 0;
  const mended = await rebuildLocks(pool);
  for (const run of await removeUntold(pool)) mended.add(run);
  for (;;) {
    const { rows } = await pool.query<{ run: string }>(
      'SELECT run FROM run_events WHERE seq = 1 AND run > $1 ORDER BY run LIMIT $2',
      [after, PAGE],
    );
    for (const { run } of rows) if (await rebuildRun(pool, run)) mended.add(run);
    runs += rows.length;
    after = rows.at(-1)?.run ?? after;
    if (rows.length < PAGE) return { runs, mended: mended.size };
  }
}

/** @returns ids of the runs */
async function removeUntold(pool: pg.Pool): Promise<string[]> {
  const gone: string[] = [];
  for (const [table, id] of [
    ['run_effects', 'run'],
    ['run_steps', 'run'],
    ['runs', 'id'],
  ] as const) {
    const { rows } = await pool.query<{ id: string }>(
      `DELETE FROM ${table} t WHERE NOT EXISTS (SELECT 1 FROM run_events e WHERE e.run = t.${id} AND e.seq = 1)
       RETURNING ${id} AS id`,
    );
    gone.push(...rows.map((row) => row.id));
  }
  return gone;
}

/** @returns whether the rows said something else before */
function rebuildRun(pool: pg.Pool, run: string): Promise<boolean> {
  return withTransaction(pool, async (client) => {
    // Whoever appends to this run waits meanwhile, so that its journal and its rows are of one moment.
    await client.query('SELECT 1 FROM runs WHERE id = $1 FOR UPDATE', [run]);
    const before = await digest(client, run);
    const { rows } = await client.query<EventRow>(
      'SELECT seq, kind, message, data FROM run_events WHERE run = $1 ORDER BY seq',
      [run],
    );
    const replayed = replay(rows);
    await writeRun(client, run, replayed);
    await writeSteps(client, run, replayed.steps);
    await writeEffects(client, run, replayed.effects);
    if ((await digest(client, run)) === before) return false;
    await client.query('UPDATE runs SET wake_at = clock_timestamp(), wakes = wakes + 1 WHERE id = $1 AND NOT ended', [
      run,
    ]);
    return true;
  });
}

interface EventRow {
  seq: number;
  kind: RunEventBody['kind'];
  message: string;
  data: unknown;
}

/** A step's row; its times are those of the entries with these numbers. */
interface StepLine extends StepChange {
  readonly startedSeq: number;
  readonly finishedSeq: number | null;
}

interface Replayed {
  readonly view: RunView;
  readonly seq: number;
  readonly steps: readonly StepLine[];
  readonly effects: readonly EffectChange[];
}

function replay(rows: readonly EventRow[]): Replayed {
  let view = NEW_RUN;
  const steps = new Map<string, StepLine>();
  const effects = new Map<string, EffectChange>();
  for (const { seq, ...row } of rows) {
    // The journal holds what this library wrote: its shape is that of RunEventEntry.
    const { view: next, stepChange, effectChange } = project(view, row as RunEventEntry);
    view = next;
    if (stepChange) {
      const key = `${stepChange.round} ${stepChange.step}`;
      steps.set(key, stepLine(steps.get(key), stepChange, seq));
    }
    if (effectChange) {
      const key = JSON.stringify([effectChange.step, effectChange.name, effectChange.key]);
      if (effectChange.state === 'done' || !effects.has(key)) effects.set(key, effectChange);
    }
  }
  return { view, seq: rows.at(-1)?.seq ?? 0, steps: [...steps.values()], effects: [...effects.values()] };
}

function stepLine(before: StepLine | undefined, change: StepChange, seq: number): StepLine {
  const isKept = change.state === 'parked' || change.state === 'failed';
  const finished = change.state === 'done' ? seq : null;
  return {
    ...change,
    startedSeq: before?.startedSeq ?? seq,
    finishedSeq: isKept ? (before?.finishedSeq ?? null) : finished,
    output: change.state === 'done' ? change.output : before?.output,
  };
}

async function writeRun(client: pg.PoolClient, run: string, { view, seq }: Replayed): Promise<void> {
  await client.query(
    `INSERT INTO runs AS r (id, pipeline, title, target, environment, persona, principal, on_behalf_of, request, parent,
                            state, created_at, fence)
     SELECT run, data->>'pipeline', data->>'title', data->>'target', data->>'environment', data->>'persona',
            data->'requester'->>'principal', data->'requester'->>'onBehalfOf', data->'request',
            NULLIF(data->'parent', 'null'::jsonb), 'pending', at, (SELECT max(fence) FROM run_events WHERE run = $1)
       FROM run_events WHERE run = $1 AND seq = 1
     ON CONFLICT (id) DO UPDATE SET pipeline = EXCLUDED.pipeline, title = EXCLUDED.title, target = EXCLUDED.target,
       environment = EXCLUDED.environment, persona = EXCLUDED.persona, principal = EXCLUDED.principal,
       on_behalf_of = EXCLUDED.on_behalf_of, request = EXCLUDED.request, parent = EXCLUDED.parent,
       created_at = EXCLUDED.created_at, fence = greatest(r.fence, EXCLUDED.fence)`,
    [run],
  );
  const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
  await client.query(
    `UPDATE runs SET seq = $2, state = $3, ended = $4, round = $5, step = $6, wait_reason = $7, wait_message = $8,
            outcome = $9, attempts = $10, cancel = $11, discard = $12,
            updated_at = (SELECT at FROM run_events WHERE run = $1 AND seq = $2),
            wake_at = CASE WHEN $4 THEN NULL ELSE COALESCE(wake_at, clock_timestamp()) END,
            lease_owner = CASE WHEN $4 THEN NULL ELSE lease_owner END,
            lease_until = CASE WHEN $4 THEN NULL ELSE lease_until END
      WHERE id = $1`,
    [
      run,
      seq,
      view.state,
      view.ended,
      view.round,
      view.step,
      view.waitReason,
      view.waitMessage,
      json(view.outcome),
      view.attempts,
      json(view.cancel),
      json(view.discard),
    ],
  );
}

async function writeSteps(client: pg.PoolClient, run: string, steps: readonly StepLine[]): Promise<void> {
  await client.query('DELETE FROM run_steps WHERE run = $1', [run]);
  await client.query(
    `INSERT INTO run_steps (run, round, step, state, started_at, finished_at, message, output)
     SELECT $1, c.round, c.step, c.state, b.at, e.at, c.message, c.output
       FROM json_to_recordset($2::json) AS c(round integer, step text, state text, message text, output jsonb,
                                             "startedSeq" integer, "finishedSeq" integer)
       JOIN run_events b ON b.run = $1 AND b.seq = c."startedSeq"
       LEFT JOIN run_events e ON e.run = $1 AND e.seq = c."finishedSeq"`,
    [run, JSON.stringify(steps)],
  );
}

async function writeEffects(client: pg.PoolClient, run: string, effects: readonly EffectChange[]): Promise<void> {
  await client.query('DELETE FROM run_effects WHERE run = $1', [run]);
  await client.query(
    `INSERT INTO run_effects (run, step, name, key, state, result)
     SELECT $1, step, name, key, state, result
       FROM json_to_recordset($2::json) AS c(step text, name text, key text, state text, result jsonb)`,
    [run, JSON.stringify(effects)],
  );
}

/** What the rows of a run say, without what no entry tells. */
async function digest(client: pg.PoolClient, run: string): Promise<string> {
  const { rows } = await client.query<{ digest: string }>(
    `SELECT md5(concat(
       (SELECT to_jsonb(r) - '{lease_owner,lease_until,fence,wakes,wake_at}'::text[] FROM runs r WHERE id = $1),
       (SELECT jsonb_agg(s ORDER BY round, step) FROM run_steps s WHERE run = $1),
       (SELECT jsonb_agg(e ORDER BY step, name, key) FROM run_effects e WHERE run = $1))) AS digest`,
    [run],
  );
  return rows[0]?.digest ?? '';
}
