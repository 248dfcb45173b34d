import { type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import type pg from 'pg';
import { type AppendRequest, appendRows, cleanMessage, weightOf } from './append-request.js';
import { Batcher, type Settled } from './batcher.js';
import { APPEND_BATCH } from './journal.sql.js';
import { project } from './projection.js';
import type { Demand, RunEventEntry } from './run-event.js';
import { type RunViewRow, viewOf } from './run-rows.js';
import { sendTogether } from './send-together.js';
import { storedJson } from './stored-json.js';

type Client = Pick<pg.PoolClient, 'query'>;

/** What an append learns about its run: what somebody outside has asked for meanwhile. */
export interface Appended {
  readonly cancel: Demand | null;
  readonly discard: Demand | null;
  readonly updatedAt: Date;
}

/** Of a process, all appends that wait at the same time go into one transaction; two are under way at most. */
const LANES = 2;
const MOST_APPENDS = 128;
const FULL_AT_LENGTH = 8 * 1024 * 1024;

/** The one writer of a process: group commit. Nothing is answered before COMMIT has returned. */
export class JournalWriter {
  readonly #batcher: Batcher<AppendRequest, Appended>;

  constructor(
    private readonly pool: pg.Pool,
    private readonly faults: FaultPoints,
  ) {
    this.#batcher = new Batcher((requests) => this.#write(requests), {
      lanes: LANES,
      most: MOST_APPENDS,
      weigh: weightOf,
      fullAt: FULL_AT_LENGTH,
    });
  }

  /**
   * Appends and projects the entries of one run.
   * @throws PlanwardenError LEASE_LOST when another worker holds the run now, or it has ended; DATABASE_UNAVAILABLE when
   * it cannot be told whether they were written
   */
  append(request: AppendRequest): Promise<Appended> {
    return this.#batcher.add(request);
  }

  async #write(requests: readonly AppendRequest[]): Promise<readonly Settled<Appended>[]> {
    const settled = new Map<AppendRequest, Settled<Appended>>();
    for (const apart of eachRunOnce(requests)) {
      const results = await sendTogether(apart, async (together) => {
        await this.faults.at('runs:commit:before');
        const written = await sendBatch(this.pool, together);
        await this.faults.at('runs:commit:after');
        return written;
      });
      for (const [index, request] of apart.entries()) settled.set(request, results[index] as Settled<Appended>);
    }
    return requests.map((request) => settled.get(request) as Settled<Appended>);
  }
}

/**
 * A process that was paused may hold a run again while what it did before still writes under the old lease. A statement
 * knows entries by their run: beside the lease that holds, those of the old one would be taken for its own.
 */
function eachRunOnce(requests: readonly AppendRequest[]): readonly (readonly AppendRequest[])[] {
  const statements: AppendRequest[][] = [];
  const counts = new Map<string, number>();
  for (const request of requests) {
    const { run } = request.hold;
    const before = counts.get(run) ?? 0;
    counts.set(run, before + 1);
    const statement = statements[before];
    if (statement === undefined) statements.push([request]);
    else statement.push(request);
  }
  return statements;
}

async function sendBatch(client: Client, requests: readonly AppendRequest[]): Promise<Settled<Appended>[]> {
  const { runs, entries, steps, effects } = appendRows(requests, performance.now());
  const list = (parts: readonly string[]): string => `[${parts.join(',')}]`;
  const held = await client.query<AppendedRow>({
    ...APPEND_BATCH,
    values: [list(runs), list(entries), list(steps), list(effects)],
  });
  const found = new Map(held.rows.map((row) => [row.id, row]));
  return requests.map(({ hold }) => {
    const row = found.get(hold.run);
    if (row === undefined) return { error: leaseLost() };
    return { value: { cancel: row.cancel, discard: row.discard, updatedAt: row.updated_at } };
  });
}

interface AppendedRow {
  id: string;
  cancel: Demand | null;
  discard: Demand | null;
  updated_at: Date;
}

/**
 * Appends entries under a lease in the caller's transaction, where something else is to be written with them.
 * @throws PlanwardenError LEASE_LOST when another worker holds the run now, or it has ended
 */
export async function appendInTransaction(client: Client, request: AppendRequest): Promise<Appended> {
  const [result] = await sendBatch(client, [request]);
  if (result === undefined || 'error' in result) throw result?.error ?? leaseLost();
  return result.value;
}

/**
 * Appends an entry of somebody who holds no lease (a cancel, a note). False when the run is unknown or has ended.
 * @param toEnded also where the run has ended: only what people read, it changes nothing of the run
 */
export async function appendFromOutside(
  client: Client,
  run: string,
  entry: RunEventEntry,
  { toEnded = false }: { readonly toEnded?: boolean } = {},
): Promise<boolean> {
  const open = await client.query<RunViewRow & { seq: number; fence: string }>(
    'SELECT * FROM runs WHERE id = $1 AND (NOT ended OR $2) FOR UPDATE',
    [run, toEnded],
  );
  const row = open.rows[0];
  if (!row) return false;
  const clean = { ...entry, message: cleanMessage(entry.message) };
  const { view, round, step } = project(viewOf(row), clean);
  await client.query(
    `INSERT INTO run_events (run, seq, round, step, kind, message, data, fence, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())`,
    [run, row.seq + 1, round, step, clean.kind, clean.message, storedJson(clean.data, 'the entry'), row.fence],
  );
  await client.query(
    `UPDATE runs SET seq = seq + 1, updated_at = now(), cancel = $2, discard = $3,
            wake_at = CASE WHEN ended THEN NULL ELSE clock_timestamp() END, wakes = wakes + 1
      WHERE id = $1`,
    [run, jsonOrNull(view.cancel), jsonOrNull(view.discard)],
  );
  return true;
}

/** Appends what people read to the journal of a run, ended or not: the run itself does not change. */
export async function appendNote(
  client: Client,
  run: string,
  entry: Extract<RunEventEntry, { kind: 'note' }>,
): Promise<void> {
  await appendFromOutside(client, run, entry, { toEnded: true });
}

const jsonOrNull = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));

export function leaseLost(): PlanwardenError {
  return new PlanwardenError('LEASE_LOST', 'another worker holds this run now', {
    remedy: 'Nothing to do: the other worker goes on.',
  });
}
