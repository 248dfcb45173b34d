import { isPlanwardenError } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { type AppendRequest, type LeaseHold, type PreparedEntry, prepareEntry, type Timing } from './append-request.js';
import { type Appended, appendInTransaction, type JournalWriter, leaseLost } from './journal.js';
import type { Claimed } from './lease.js';
import { locksAtEnd } from './lock-rows.js';
import type { RunView } from './projection.js';
import type { Demand, RunEventEntry } from './run-event.js';
import type { RunRecord } from './run-record.js';
import { isEndState } from './run-states.js';
import { databaseAway } from './send-together.js';

/** How long an entry that rides with the next one waits for it, in milliseconds. */
const RIDE_MS = 50;

type EffectState = { readonly state: 'intent' | 'done'; readonly result: unknown };

/**
 * A run in the hands of one worker: what its row says, kept up with everything this worker writes, and the one way to
 * write. Appends of one run are made one after the other. Nothing is read back that this worker wrote itself: under its
 * fence nobody else writes, save for a cancel, which every answer of the journal brings along. Where one append fails,
 * the row is not known any more and all later ones are refused: a new lease reads it again.
 */
export class LeasedRun {
  readonly hold: LeaseHold;
  /** As it was claimed. */
  readonly #first: RunRecord;
  #view: RunView;
  #demanded: Pick<RunRecord, 'cancel' | 'discard'>;
  #updatedAt: string;
  /** Made of these when it is asked for. */
  #run: RunRecord | undefined;
  #mayHaveLocks: boolean;
  #surelyUntil: number;
  readonly #seenWakes: number;
  readonly #outputs = new Map<string, string>();
  #effects: Map<string, EffectState> | undefined;
  #loading: Promise<Map<string, EffectState>> | undefined;
  #riding: PreparedEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  #refusal: unknown;
  #onCancel: ((demand: Demand) => void) | undefined;

  constructor(
    private readonly pool: pg.Pool,
    private readonly writer: JournalWriter,
    claimed: Claimed,
    private readonly monotonic: () => number,
  ) {
    this.hold = claimed.hold;
    this.#first = claimed.run;
    this.#view = claimed.view;
    const { cancel, discard, updatedAt } = claimed.run;
    this.#demanded = { cancel, discard };
    this.#updatedAt = updatedAt;
    this.#mayHaveLocks = claimed.mayHaveLocks;
    this.#seenWakes = claimed.seenWakes;
    this.#surelyUntil = claimed.askedAt + claimed.hold.leaseMs;
    // Before its first entry under a lease there is nothing to look up.
    if (claimed.view.step === null) this.#effects = new Map();
  }

  /** The run as this worker knows it, with what it has written and with what rides along. */
  get run(): RunRecord {
    this.#run ??= runOf(this.#first, this.#view, this.#demanded, this.#updatedAt);
    return this.#run;
  }

  /** Tries of the current step that ended in a retryable failure. */
  get attempts(): number {
    return this.#view.attempts;
  }

  /** The lease was renewed by a statement that was sent at this time of this worker's clock, or later. */
  wasKept(askedAt: number): void {
    this.#surelyUntil = Math.max(this.#surelyUntil, askedAt + this.hold.leaseMs);
  }

  /**
   * To be called right before anything is done on the outside. Whoever was paused wakes here: the database may have let
   * another worker go on meanwhile, so a lease that may be over is renewed first.
   * @throws PlanwardenError LEASE_LOST where it is another's, or was over again before the answer came; what an append
   * was refused with: what is done now could not be recorded
   */
  async makeSure(): Promise<void> {
    this.throwIfRefused();
    if (this.monotonic() < this.#surelyUntil) return;
    await this.append([]);
    if (this.monotonic() >= this.#surelyUntil) throw leaseLost();
  }

  /** @throws PlanwardenError what an append was refused with: nothing that came after it counts */
  throwIfRefused(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
  }

  /** To be called before a lock is asked for: an end then sees to the locks. */
  touchesLocks(): void {
    this.#mayHaveLocks = true;
  }

  /** Calls back when an answer of the journal tells of a cancel for the first time. */
  onCancel(callback: (demand: Demand) => void): void {
    this.#onCancel = callback;
  }

  hearsCancel(cancel: Demand): void {
    this.#demanded = { cancel, discard: this.#demanded.discard };
    this.#run = undefined;
  }

  /** An entry that nothing waits for: it goes with the next append, or by itself where that takes long. */
  ride(...entries: readonly RunEventEntry[]): void {
    for (const entry of entries) this.#riding.push(this.#prepare(entry));
    this.#timer ??= setTimeout(() => {
      // Whoever appends next is told why this one was refused.
      this.append([]).catch(() => undefined);
    }, RIDE_MS);
  }

  /**
   * Appends entries; resolves when they are durable.
   * @throws PlanwardenError LEASE_LOST, DATABASE_UNAVAILABLE; OUTPUT_REFUSED for an entry that cannot be stored
   */
  async append(entries: readonly RunEventEntry[], timing: Timing = {}): Promise<void> {
    const own = entries.map((entry) => this.#prepare(entry));
    const prepared = [...this.#riding, ...own];
    this.#riding = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const request = {
      hold: this.hold,
      view: this.#view,
      entries: prepared,
      timing: { ...timing, seenWakes: this.#seenWakes },
    };
    const appended = this.#tail.then(() => this.#send(request));
    this.#tail = appended.catch(() => undefined);
    return appended;
  }

  async #send(request: AppendRequest): Promise<void> {
    this.throwIfRefused();
    const askedAt = this.monotonic();
    try {
      const { cancel, discard, updatedAt } = await this.#written(request);
      if (request.timing.release !== true) this.wasKept(askedAt);
      if (cancel !== null && this.#demanded.cancel === null) this.#onCancel?.(cancel);
      this.#demanded = { cancel: cancel ?? this.#demanded.cancel, discard };
      this.#updatedAt = updatedAt.toISOString();
      this.#run = undefined;
    } catch (error) {
      this.#refusal = isPlanwardenError(error) ? error : databaseAway(error);
      throw error;
    }
  }

  #written(request: AppendRequest): Promise<Appended> {
    if (!request.view.ended || !this.#mayHaveLocks) return this.writer.append(request);
    return withTransaction(this.pool, async (client) => {
      const written = await appendInTransaction(client, request);
      if (isEndState(request.view.state)) await locksAtEnd(client, this.hold.run, request.view.state);
      return written;
    });
  }

  /** Puts the entry in its place. One that cannot be stored changes nothing. */
  #prepare(entry: RunEventEntry): PreparedEntry {
    const { step } = this.#view;
    const prepared = prepareEntry(this.hold.run, this.#view, entry);
    if (entry.kind === 'step:done') this.#outputs.set(step ?? '', JSON.stringify(entry.data.output ?? null));
    if (entry.kind === 'effect:intent' || entry.kind === 'effect:done') {
      const { name, key } = entry.data;
      const isDone = entry.kind === 'effect:done';
      const known = { state: isDone ? 'done' : 'intent', result: isDone ? entry.data.result : null } as const;
      this.#effects?.set(effectId(step ?? '', name, key), known);
    }
    this.#view = prepared.view;
    this.#run = undefined;
    return prepared;
  }

  /** Output of a step as JSON text where this worker wrote it; undefined: ask the store. */
  ownOutput(step: string): string | undefined {
    return this.#outputs.get(step);
  }

  /** What the journal knows of an effect; undefined: not even an intent. */
  async effect(step: string, name: string, key: string): Promise<EffectState | undefined> {
    this.#effects ??= await this.#loadedOnce();
    return this.#effects.get(effectId(step, name, key));
  }

  /** For all who ask at the same time: a second answer would not know what was written after the first. */
  async #loadedOnce(): Promise<Map<string, EffectState>> {
    this.#loading ??= this.#loadEffects();
    try {
      return await this.#loading;
    } catch (error) {
      this.#loading = undefined;
      throw error;
    }
  }

  async #loadEffects(): Promise<Map<string, EffectState>> {
    const { rows } = await this.pool.query<{ step: string; name: string; key: string } & EffectState>(
      'SELECT step, name, key, state, result FROM run_effects WHERE run = $1',
      [this.hold.run],
    );
    return new Map(rows.map(({ step, name, key, state, result }) => [effectId(step, name, key), { state, result }]));
  }
}

/** Field by field: this is made several times a step, and a spread costs several times as much. */
function runOf(
  first: RunRecord,
  view: RunView,
  { cancel, discard }: Pick<RunRecord, 'cancel' | 'discard'>,
  updatedAt: string,
): RunRecord {
  const { waitReason, waitMessage } = view;
  return {
    id: first.id,
    pipeline: first.pipeline,
    title: first.title,
    target: first.target,
    environment: first.environment,
    persona: first.persona,
    requester: first.requester,
    request: first.request,
    state: view.state,
    ended: view.ended,
    round: view.round,
    step: view.step,
    wait: waitReason === null ? null : { reason: waitReason, message: waitMessage ?? '' },
    outcome: view.outcome,
    cancel,
    discard,
    parent: first.parent,
    createdAt: first.createdAt,
    updatedAt,
  };
}

const effectId = (step: string, name: string, key: string): string => JSON.stringify([step, name, key]);
