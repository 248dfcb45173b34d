import { PlanwardenError, type RunEvent, type RunState } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import type { FirstHolder } from './first-lease.js';
import { appendFromOutside } from './journal.js';
import { type Rebuilt, rebuildRuns } from './rebuild.js';
import type { Demand, NewRun, RunEventEntry } from './run-event.js';
import type { RunLimits } from './run-limits.js';
import {
  type EventRow,
  eventOf,
  type RunRecord,
  type RunRow,
  recordOf,
  type StepRecord,
  type StepRow,
  stepOf,
} from './run-record.js';
import { type BegunRun, type Beside, RunStarts } from './run-starts.js';
import { CANCELABLE_STATES } from './run-states.js';

export interface RunFilter {
  readonly state?: RunState;
  /** Only runs of these targets. */
  readonly targets?: readonly string[];
  /** Only runs that this principal asked for. */
  readonly principal?: string;
  /** The `next` of the page before. */
  readonly cursor?: string;
  readonly limit: number;
}

/** Runs, their journal and their projections. */
export class RunStore {
  readonly #starts: RunStarts;

  constructor(private readonly pool: pg.Pool) {
    this.#starts = new RunStarts(pool);
  }

  /**
   * Begins a run: row, journal entry and wake time in one transaction, and nothing is answered before its commit. Where a
   * worker of this process has room (`offerStartsTo`) the run begins under its lease and is carried at once; else the bell
   * is the caller's to ring.
   * @param beside written in the same transaction, e.g. the intake decision; such a run begins free
   * @throws PlanwardenError RUN_LIMIT_REACHED
   */
  begin(run: NewRun, pipeline: string, limits: RunLimits, beside?: Beside): Promise<BegunRun> {
    return this.#starts.begin(run, pipeline, limits, beside);
  }

  /** `begin`, for whoever rings in any case or leaves it to the sweep. */
  async start(run: NewRun, pipeline: string, limits: RunLimits, beside?: Beside): Promise<RunRecord> {
    return (await this.begin(run, pipeline, limits, beside)).run;
  }

  /** From now on this worker of the same process takes runs as they begin, as far as it has room. */
  offerStartsTo(holder: FirstHolder): void {
    this.#starts.offerTo(holder);
  }

  /** @throws PlanwardenError RUN_UNKNOWN */
  async get(id: string): Promise<RunRecord> {
    const found = await this.pool.query<RunRow>(`SELECT * FROM runs WHERE id = $1`, [id]);
    const row = found.rows[0];
    if (row) return recordOf(row);
    throw new PlanwardenError('RUN_UNKNOWN', 'there is no run with this id', {
      where: { field: 'run' },
      remedy: 'List runs to see the ids there are.',
    });
  }

  /** Newest first. */
  async list(filter: RunFilter): Promise<{ readonly runs: RunRecord[]; readonly next: string | null }> {
    const found = await this.pool.query<RunRow>(
      `SELECT * FROM runs
        WHERE ($1::text IS NULL OR state = $1) AND ($2::text[] IS NULL OR target = ANY($2)) AND ($3::text IS NULL OR id < $3)
          AND ($4::text IS NULL OR principal = $4)
        ORDER BY id DESC LIMIT $5`,
      [filter.state ?? null, filter.targets ?? null, filter.cursor ?? null, filter.principal ?? null, filter.limit + 1],
    );
    const runs = found.rows.slice(0, filter.limit).map(recordOf);
    return { runs, next: found.rows.length > filter.limit ? (runs.at(-1)?.id ?? null) : null };
  }

  /** Steps of all rounds, in the order they began. */
  async steps(id: string): Promise<StepRecord[]> {
    const found = await this.pool.query<StepRow>(
      'SELECT * FROM run_steps WHERE run = $1 ORDER BY round, started_at, step',
      [id],
    );
    return found.rows.map(stepOf);
  }

  /** Output of a step: of the given round, else of the latest round before it that has one. */
  async output(id: string, step: string, round: number): Promise<unknown> {
    const found = await this.pool.query<{ output: unknown }>(
      `SELECT output FROM run_steps WHERE run = $1 AND step = $2 AND round <= $3 AND state = 'done'
        ORDER BY round DESC LIMIT 1`,
      [id, step, round],
    );
    return found.rows[0]?.output ?? undefined;
  }

  /** How many runs have not ended, by state and by what they wait for (null: nothing). */
  async openCounts(): Promise<{ readonly state: string; readonly wait: string | null; readonly count: number }[]> {
    const { rows } = await this.pool.query<{ state: string; wait: string | null; count: string }>(
      'SELECT state, wait_reason AS wait, count(*) AS count FROM runs WHERE NOT ended GROUP BY 1, 2',
    );
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }

  /** What the journal knows of an effect by its key; null: not even an intent. */
  async effect(id: string, step: string, name: string, key: string): Promise<'intent' | 'done' | null> {
    const found = await this.pool.query<{ state: 'intent' | 'done' }>(
      'SELECT state FROM run_effects WHERE run = $1 AND step = $2 AND name = $3 AND key = $4',
      [id, step, name, key],
    );
    return found.rows[0]?.state ?? null;
  }

  /** What an effect of the run answered, in whichever round it was done last; undefined: it was not done. */
  async effectResult(id: string, step: string, name: string): Promise<unknown> {
    const found = await this.pool.query<{ result: unknown }>(
      `SELECT data->'result' AS result FROM run_events
        WHERE run = $1 AND kind = 'effect:done' AND step = $2 AND data->>'name' = $3 ORDER BY seq DESC LIMIT 1`,
      [id, step, name],
    );
    return found.rows[0]?.result;
  }

  /** How often in a row a step of a round was parked to be tried again, whatever other steps were gone through between. */
  async retries(id: string, round: number, step: string): Promise<number> {
    const found = await this.pool.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM run_events
        WHERE run = $1 AND round = $2 AND step = $3 AND kind = 'run:parked' AND seq > COALESCE((
          SELECT max(seq) FROM run_events WHERE run = $1 AND round = $2 AND step = $3
             AND (kind = 'step:done' OR (kind = 'run:parked' AND data->>'reason' <> 'outside_down'))), 0)`,
      [id, round, step],
    );
    return found.rows[0]?.count ?? 0;
  }

  /** When the journal was told last in a round that an effect was intended, or done; null: never. On the database's clock. */
  async effectTold(
    id: string,
    kind: 'effect:intent' | 'effect:done',
    { step, name, round }: { readonly step: string; readonly name: string; readonly round: number },
  ): Promise<Date | null> {
    const found = await this.pool.query<{ at: Date | null }>(
      `SELECT max(at) AS at FROM run_events
        WHERE run = $1 AND kind = $2 AND step = $3 AND data->>'name' = $4 AND round = $5`,
      [id, kind, step, name, round],
    );
    return found.rows[0]?.at ?? null;
  }

  /** Journal entries of one run after a sequence number, as people read them. */
  async events(id: string, afterSeq = 0, limit = 1000): Promise<RunEvent[]> {
    const found = await this.pool.query<EventRow>(
      'SELECT * FROM run_events WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [id, afterSeq, limit],
    );
    return found.rows.map(eventOf);
  }

  /**
   * Entries of all runs (or of one) after a position, in the order in which they can be read; never skips one that
   * commits late. That order is by transaction first: an entry whose transaction began earlier may stand at a later
   * position than one that is not to be read yet, and a cursor over positions alone would pass by the latter.
   */
  async follow(afterPosition: string, limit: number, run?: string): Promise<RunEvent[]> {
    const found = await this.pool.query<EventRow>(
      `SELECT * FROM run_events
        WHERE (transaction, position) >
              (COALESCE((SELECT transaction FROM run_events WHERE position = $1::bigint), '0'::xid8), $1::bigint)
          AND ($3::text IS NULL OR run = $3) AND transaction < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction, position LIMIT $2`,
      [afterPosition, limit, run ?? null],
    );
    return found.rows.map(eventOf);
  }

  /** Position of the newest entry that `follow` would have told, for a follower that starts now. */
  async lastPosition(): Promise<string> {
    const found = await this.pool.query<{ position: string }>(
      `SELECT position::text FROM run_events WHERE transaction < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction DESC, position DESC LIMIT 1`,
    );
    return found.rows[0]?.position ?? '0';
  }

  /** Makes the rows of every run again from its journal. */
  rebuild(): Promise<Rebuilt> {
    return rebuildRuns(this.pool);
  }

  /** "Go and look": has no content and is safe to repeat. The caller rings the bell. */
  async wake(id: string): Promise<void> {
    await this.pool.query(
      'UPDATE runs SET wake_at = clock_timestamp(), wakes = wakes + 1 WHERE id = $1 AND NOT ended',
      [id],
    );
  }

  /** Wakes the runs of these pipeline versions that are parked as `pipeline_changed`. */
  async wakeStrangers(versions: readonly string[]): Promise<void> {
    await this.pool.query(
      `UPDATE runs SET wake_at = clock_timestamp(), wakes = wakes + 1
        WHERE NOT ended AND wait_reason = 'pipeline_changed' AND pipeline = ANY($1)`,
      [versions],
    );
  }

  /** Runs whose time has come and that nobody holds. */
  async due(limit: number): Promise<string[]> {
    const found = await this.pool.query<{ id: string }>(
      `SELECT id FROM runs WHERE NOT ended AND wake_at <= clock_timestamp()
          AND (lease_until IS NULL OR lease_until < clock_timestamp())
        ORDER BY wake_at LIMIT $1`,
      [limit],
    );
    return found.rows.map((row) => row.id);
  }

  /** Runs that wait for votes: what a poll for lost webhooks goes through. */
  async awaitingApproval(): Promise<string[]> {
    const found = await this.pool.query<{ id: string }>(
      `SELECT id FROM runs WHERE NOT ended AND state = 'awaiting_approval' ORDER BY id`,
    );
    return found.rows.map((row) => row.id);
  }

  /** @throws PlanwardenError RUN_UNKNOWN, RUN_ENDED when it has ended or something was released already */
  async requestCancel(id: string, demand: Demand): Promise<RunRecord> {
    return this.demand(id, { kind: 'run:cancel-requested', data: demand, message: `cancel asked for by ${demand.by}` });
  }

  /** @throws PlanwardenError RUN_UNKNOWN, RUN_ENDED, NOT_AWAITING_APPROVAL */
  async requestDiscard(id: string, demand: Demand): Promise<RunRecord> {
    const run = await this.get(id);
    if (!run.ended && run.state !== 'awaiting_approval') {
      throw new PlanwardenError('NOT_AWAITING_APPROVAL', `the run is ${run.state}, not awaiting approval`, {
        remedy: 'Cancel the run instead, or look at it again when it awaits approval.',
      });
    }
    return this.demand(id, { kind: 'run:discard-requested', data: demand, message: `discarded by ${demand.by}` });
  }

  private async demand(id: string, entry: RunEventEntry): Promise<RunRecord> {
    await withTransaction(this.pool, async (client) => {
      const found = await client.query<{ state: RunState }>('SELECT state FROM runs WHERE id = $1 FOR UPDATE', [id]);
      const state = found.rows[0]?.state;
      if (state === undefined) return;
      if (!CANCELABLE_STATES.includes(state)) throw tooLate(`the run is ${state}`);
      const { rows } = await client.query<{ released: boolean }>(HAS_RELEASED, [id, CANCELABLE_STATES]);
      if (rows[0]?.released) throw tooLate('something of this run was released already');
      if (!(await appendFromOutside(client, id, entry))) throw tooLate(`the run is ${state}`);
    });
    return this.get(id);
  }
}

const tooLate = (why: string): PlanwardenError =>
  new PlanwardenError('RUN_ENDED', `${why}: it can no longer be stopped`, {
    where: { field: 'run' },
    remedy: 'A released or ended change is undone by a new request.',
  });

/**
 * Whether the road has entered again at an earlier step after an effect of this round was released: one that a step did
 * beyond the states in which a run may be canceled. $1: run, $2: those states.
 */
const HAS_RELEASED = `
SELECT EXISTS (
  SELECT 1 FROM runs r
    JOIN run_events e ON e.run = r.id AND e.round = r.round AND e.kind = 'effect:done'
    JOIN run_events s ON s.run = r.id AND s.round = r.round AND s.kind = 'step:started' AND s.step = e.step
   WHERE r.id = $1 AND NOT (s.data->>'state' = ANY($2))) AS released`;
