import type pg from 'pg';
import type { LeaseHold } from './append-request.js';
import { Batcher, type Settled } from './batcher.js';
import { CLAIM_BATCH, KEEP_LEASES, LET_GO } from './journal.sql.js';
import type { RunView } from './projection.js';
import type { Demand } from './run-event.js';
import { type RunRecord, type RunRow, recordOf } from './run-record.js';
import { viewOf } from './run-rows.js';

export interface Claimed {
  readonly hold: LeaseHold;
  readonly run: RunRecord;
  readonly view: RunView;
  /** On this worker's own clock, from before the lease was asked for: it has not run out before this and its length. */
  readonly askedAt: number;
  /** Wake-ups counted when the run was claimed: a later one means "look again". */
  readonly seenWakes: number;
  /**
   * Whether locks may be held for the run. Of an earlier lease always: where the statement of the claim waited for the row
   * it saw locks as they were before.
   */
  readonly mayHaveLocks: boolean;
}

type ClaimedRow = RunRow & Parameters<typeof viewOf>[0] & { fence: string; wakes: number; has_locks: boolean };

/** Takes runs that are due and free; claims that come at the same time share a statement. */
export class Claims {
  readonly #batcher: Batcher<string, Claimed | undefined>;

  constructor(
    private readonly pool: pg.Pool,
    private readonly owner: string,
    private readonly leaseMs: number,
    private readonly monotonic: () => number,
  ) {
    this.#batcher = new Batcher((ids) => this.#claim(ids), { lanes: 2, most: 128 });
  }

  /** Undefined when there is nothing to do: not due, held by another, ended or unknown. */
  claim(id: string): Promise<Claimed | undefined> {
    return this.#batcher.add(id);
  }

  async #claim(ids: readonly string[]): Promise<Settled<Claimed | undefined>[]> {
    const values = [[...new Set(ids)].sort(), this.owner, this.leaseMs];
    const askedAt = this.monotonic();
    const { rows } = await this.pool.query<ClaimedRow>({ ...CLAIM_BATCH, values });
    const taken = new Map(rows.map((row) => [row.id, this.#claimed(row, askedAt)]));
    return ids.map((id) => {
      const value = taken.get(id);
      // Of two who ask for the same run at the same time one gets it.
      taken.delete(id);
      return { value };
    });
  }

  #claimed(row: ClaimedRow, askedAt: number): Claimed {
    return {
      hold: { run: row.id, owner: this.owner, fence: Number(row.fence), leaseMs: this.leaseMs },
      run: recordOf(row),
      view: viewOf(row),
      askedAt,
      seenWakes: row.wakes,
      mayHaveLocks: row.has_locks || Number(row.fence) > 1,
    };
  }
}

interface KeptRow {
  readonly id: string;
  readonly fence: string;
  readonly cancel: Demand | null;
  /** Somebody has its row this instant: it was not renewed, and is not lost. */
  readonly busy: boolean;
}

const leaseKey = (run: string, fence: number | string): string => `${run} ${fence}`;

/** Told while a lease is held. */
export interface LeaseWatch {
  /** It was renewed by a statement that was sent at this time of the worker's own clock, or later. */
  kept(askedAt: number): void;
  /** The lease is another's now. */
  lost(): void;
  canceled(demand: Demand): void;
}

/** Longest time until a running step hears of a cancel, in milliseconds. */
const LOOK_MS = 1000;

/** Keeps the leases of a process alive, all by one statement, and hears of cancels on the way. */
export class LeaseKeeper {
  readonly #held = new Map<string, { readonly hold: LeaseHold; readonly watch: LeaseWatch; isNew: boolean }>();
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;

  constructor(
    private readonly pool: pg.Pool,
    private readonly owner: string,
    private readonly leaseMs: number,
    private readonly monotonic: () => number,
  ) {}

  /** @returns a function that stops it */
  keep(hold: LeaseHold, watch: LeaseWatch): () => void {
    const key = leaseKey(hold.run, hold.fence);
    this.#held.set(key, { hold, watch, isNew: true });
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => void this.#look(), Math.min(LOOK_MS, this.leaseMs / 3));
      this.#timer.unref();
    }
    return () => {
      this.#held.delete(key);
      if (this.#held.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    // One that was taken since the last look is young: most are given back before the next.
    const old = [...this.#held.values()].filter((one) => !one.isNew);
    for (const one of this.#held.values()) one.isNew = false;
    try {
      if (old.length === 0) return;
      const values = [old.map(({ hold }) => hold.run), old.map(({ hold }) => hold.fence), this.owner, this.leaseMs];
      const askedAt = this.monotonic();
      const { rows } = await this.pool.query<KeptRow>({ ...KEEP_LEASES, values });
      // Who was paused may hold a run twice, under a lease that is over and under one that is not.
      const kept = new Map(rows.map((row) => [leaseKey(row.id, row.fence), row]));
      for (const { hold, watch } of old) {
        const row = kept.get(leaseKey(hold.run, hold.fence));
        if (row === undefined) {
          watch.lost();
          continue;
        }
        if (row.busy) continue;
        watch.kept(askedAt);
        if (row.cancel !== null) watch.canceled(row.cancel);
      }
    } catch {
      // The database is away: the lease runs out by itself, and the next journal entry says so.
    } finally {
      this.#isLooking = false;
    }
  }
}

/** Gives a lease back early, so that nobody waits for its end. */
export async function letGo(pool: pg.Pool, { run, owner, fence }: LeaseHold): Promise<void> {
  await pool.query(LET_GO, [run, owner, fence]);
}

/**
 * Gives back what a worker still holds when it ends, so that another goes on at once and not after the lease. Its fence
 * passes with the next claim: whatever the old one still tries to write is refused, and its effects are reconciled.
 */
export async function releaseLeases(pool: pg.Pool, owner: string): Promise<void> {
  await pool.query('UPDATE runs SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = $1 AND NOT ended', [
    owner,
  ]);
}
