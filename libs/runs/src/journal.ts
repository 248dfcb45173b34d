import { PlanwardenError } from '@planwarden/contracts';
import { redactText } from '@planwarden/redaction';
import type pg from 'pg';
import { locksAtEnd } from './lock-rows.js';
import type { RunEventEntry } from './run-event.js';

type Client = Pick<pg.PoolClient, 'query'>;

/** The lease under which a worker writes; every entry of the journal carries its fence. */
export interface LeaseHold {
  readonly run: string;
  readonly owner: string;
  readonly fence: number;
  readonly leaseMs: number;
}

/** When the run is looked at next, and whether the worker lets go of it. */
export interface Timing {
  readonly wakeInMs?: number;
  readonly release?: boolean;
}

/**
 * Appends entries under a lease and projects them, in the caller's transaction.
 * @throws PlanwardenError LEASE_LOST when another worker holds the run now, or it has ended
 */
export async function appendUnderLease(
  client: Client,
  hold: LeaseHold,
  entries: readonly RunEventEntry[],
  timing: Timing & { readonly seenWakes?: number } = {},
): Promise<void> {
  const held = await client.query<{ seq: number; round: number; step: string | null }>(
    `UPDATE runs SET seq = seq + $4, updated_at = clock_timestamp(),
            lease_until = clock_timestamp() + $5 * interval '1 millisecond'
      WHERE id = $1 AND lease_owner = $2 AND fence = $3 AND NOT ended
      RETURNING seq, round, step`,
    [hold.run, hold.owner, hold.fence, entries.length, hold.leaseMs],
  );
  const row = held.rows[0];
  if (!row) throw leaseLost();
  await write(client, hold.run, hold.fence, row.seq - entries.length, row, entries);
  if (timing.wakeInMs !== undefined) {
    // A bell that rang while the run was held is not lost: the counter has moved since it was read.
    await client.query(
      `UPDATE runs SET wake_at = CASE WHEN wakes <> $2 THEN clock_timestamp()
                                      ELSE clock_timestamp() + $3 * interval '1 millisecond' END
        WHERE id = $1 AND NOT ended`,
      [hold.run, timing.seenWakes ?? -1, timing.wakeInMs],
    );
  }
  if (timing.release) {
    await client.query('UPDATE runs SET lease_owner = NULL, lease_until = NULL WHERE id = $1', [hold.run]);
  }
}

/** Appends an entry of somebody who holds no lease (a cancel). False when the run is unknown or has ended. */
export async function appendFromOutside(client: Client, run: string, entry: RunEventEntry): Promise<boolean> {
  const open = await client.query<{ seq: number; round: number; step: string | null; fence: string }>(
    `UPDATE runs SET seq = seq + 1, updated_at = clock_timestamp(), wake_at = clock_timestamp(), wakes = wakes + 1
      WHERE id = $1 AND NOT ended RETURNING seq, round, step, fence`,
    [run],
  );
  const row = open.rows[0];
  if (!row) return false;
  await write(client, run, Number(row.fence), row.seq - 1, row, [entry]);
  return true;
}

/** Appends what people read to the journal of a run, ended or not: the run itself does not change. */
export async function appendNote(
  client: Client,
  run: string,
  entry: Extract<RunEventEntry, { kind: 'note' }>,
): Promise<void> {
  const { rows } = await client.query<{ seq: number; round: number; step: string | null; fence: string }>(
    'UPDATE runs SET seq = seq + 1 WHERE id = $1 RETURNING seq, round, step, fence',
    [run],
  );
  const row = rows[0];
  if (row) await write(client, run, Number(row.fence), row.seq - 1, row, [entry]);
}

async function write(
  client: Client,
  run: string,
  fence: number,
  seqBefore: number,
  at: { readonly round: number; readonly step: string | null },
  entries: readonly RunEventEntry[],
): Promise<void> {
  let { round, step } = at;
  for (const [index, entry] of entries.entries()) {
    if (entry.kind === 'run:round') round += 1;
    await client.query(
      `INSERT INTO run_events (run, seq, round, step, kind, message, data, fence)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        run,
        seqBefore + index + 1,
        round,
        step,
        entry.kind,
        redactText(entry.message),
        JSON.stringify(entry.data ?? null),
        fence,
      ],
    );
    await project(client, run, { round, step }, entry);
    if (entry.kind === 'step:done' && entry.data.next !== null) step = entry.data.next;
    if (entry.kind === 'run:back' || entry.kind === 'run:round') step = entry.data.to;
  }
}

/** The rows that follow from one entry. Everything they hold comes from the entry itself. */
async function project(
  client: Client,
  run: string,
  { round, step }: { readonly round: number; readonly step: string | null },
  entry: RunEventEntry,
): Promise<void> {
  const set = (columns: string, ...values: unknown[]) =>
    client.query(`UPDATE runs SET ${columns} WHERE id = $1`, [run, ...values]);
  switch (entry.kind) {
    case 'run:started': // the row was made beside it
    case 'note':
      return;
    case 'step:started':
      await set(`state = $2, wait_reason = NULL, wait_message = NULL`, entry.data.state);
      await client.query(
        `INSERT INTO run_steps (run, round, step, state, started_at) VALUES ($1, $2, $3, 'running', clock_timestamp())
         ON CONFLICT (run, round, step) DO UPDATE SET state = 'running', finished_at = NULL, message = NULL`,
        [run, round, step],
      );
      return;
    case 'step:done':
      await client.query(
        `UPDATE run_steps SET state = 'done', finished_at = clock_timestamp(), message = $4, output = $5
          WHERE run = $1 AND round = $2 AND step = $3`,
        [run, round, step, redactText(entry.message), JSON.stringify(entry.data.output ?? null)],
      );
      await set(
        'step = COALESCE($2, step), state = COALESCE($3, state), attempts = 0, wait_reason = NULL, wait_message = NULL',
        entry.data.next,
        entry.data.state,
      );
      return;
    case 'step:failed':
      await stepIs(client, run, round, step, 'failed', entry.message);
      return;
    case 'run:parked':
      await set(
        'wait_reason = $2, wait_message = $3, attempts = $4',
        entry.data.reason,
        redactText(entry.message),
        entry.data.attempts,
      );
      await stepIs(client, run, round, step, 'parked', entry.message);
      return;
    case 'run:back':
      await set('step = $2, attempts = 0, wait_reason = NULL, wait_message = NULL', entry.data.to);
      return;
    case 'run:round':
      await set(`step = $2, round = $3, attempts = 0, wait_reason = NULL, wait_message = NULL`, entry.data.to, round);
      return;
    case 'run:cancel-requested':
      await set('cancel = COALESCE(cancel, $2)', JSON.stringify(entry.data));
      return;
    case 'run:discard-requested':
      await set('discard = COALESCE(discard, $2)', JSON.stringify(entry.data));
      return;
    case 'run:ended':
      await set(
        `state = $2, outcome = $3, ended = true, wake_at = NULL, wait_reason = NULL, wait_message = NULL,
         lease_owner = NULL, lease_until = NULL`,
        entry.data.state,
        entry.data.error === null ? null : JSON.stringify(entry.data.error),
      );
      await locksAtEnd(client, run, entry.data.state);
      return;
    case 'effect:intent':
      await client.query(
        `INSERT INTO run_effects (run, step, name, key, state) VALUES ($1, $2, $3, $4, 'intent') ON CONFLICT DO NOTHING`,
        [run, step, entry.data.name, entry.data.key],
      );
      return;
    case 'effect:done':
      await client.query(
        `INSERT INTO run_effects (run, step, name, key, state, result) VALUES ($1, $2, $3, $4, 'done', $5)
         ON CONFLICT (run, step, name, key) DO UPDATE SET state = 'done', result = $5`,
        [run, step, entry.data.name, entry.data.key, JSON.stringify(entry.data.result ?? null)],
      );
      return;
  }
}

async function stepIs(
  client: Client,
  run: string,
  round: number,
  step: string | null,
  state: string,
  message: string,
): Promise<void> {
  await client.query('UPDATE run_steps SET state = $4, message = $5 WHERE run = $1 AND round = $2 AND step = $3', [
    run,
    round,
    step,
    state,
    redactText(message),
  ]);
}

export function leaseLost(): PlanwardenError {
  return new PlanwardenError('LEASE_LOST', 'another worker holds this run now', {
    remedy: 'Nothing to do: the other worker goes on.',
  });
}
