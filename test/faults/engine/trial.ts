import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '@planwarden/contracts';
import { createPool } from '@planwarden/database';
import { type Bell, openBell, RunStore } from '@planwarden/runs';
import type pg from 'pg';
import { askedOf, begin, beginInWorkers, lost, untold } from './beginnings.js';
import { check, type Entry, JOURNAL } from './checks.js';
import { atTarget, inStep } from './coverage.js';
import { DatabaseFaults } from './database-faults.js';
import { type Cut, Fleet } from './fleet.js';
import type { OutsideFault, WorkerFault } from './messages.js';
import { Outside } from './outside.js';
import type { RunPlan, TrialPlan } from './plan.js';
import { type Queue, queueOnPostgres } from './queue.js';
import { Random } from './random.js';
import type { Server } from './server.js';

export interface TrialResult {
  readonly problems: readonly string[];
  /** Faults that happened, by what they were. */
  readonly injected: ReadonlyMap<string, number>;
  /** Places that something happened at: see coverage.ts. */
  readonly came: ReadonlySet<string>;
  readonly effects: number;
  readonly requests: number;
}

export interface TrialOptions {
  /** Taken out of the sources of the workers. */
  readonly cuts?: readonly Cut[];
  /** A bound for what never ends. */
  readonly withinMs?: number;
  /** What is looked for: once it was seen at the outside, or in what a run waits for, nothing more is waited for. */
  readonly symptom?: RegExp;
  /** Where the bell of a plan that has one hangs; default: beside the journal. */
  readonly queue?: Queue;
}

const LEASE_MS = 1500;
const OVERTAKEN_WITHIN_MS = 60_000;

/** Carries out one plan from an empty database to its check. */
export async function tryPlan(server: Server, plan: TrialPlan, options: TrialOptions = {}): Promise<TrialResult> {
  const connectionString = await server.database({ hasClock: plan.turnsClock });
  const queue = plan.hasQueue ? (options.queue ?? queueOnPostgres(connectionString)) : undefined;
  const bell = queue && (await openBell(queue.backend, silentLog));
  const trial = new Trial(server, plan, connectionString, { ...options, queue, bell });
  try {
    return await trial.run();
  } finally {
    await trial.abandon();
    await server.drop(connectionString);
  }
}

class Trial {
  readonly #random: Random;
  readonly #pool: pg.Pool;
  readonly #store: RunStore;
  readonly #outside: Outside;
  readonly #fleet: Fleet;
  readonly #database: DatabaseFaults;
  readonly #plans = new Map<string, RunPlan>();
  readonly #canceled = new Set<string>();
  /** Runs whose vote comes at a point of the engine. */
  readonly #handed = new Set<string>();
  /** Runs whose worker was stopped right before it acted outside, and that worker. */
  readonly #away = new Map<string, number>();
  readonly #seen = new Map<string, string>();
  readonly #injected = new Map<string, number>();
  readonly #came = new Set<string>();
  readonly #cuts: Promise<unknown>[] = [];
  #faults: WorkerFault[] = [];
  #url = '';
  #isOver = false;

  constructor(
    private readonly server: Server,
    private readonly plan: TrialPlan,
    private readonly connectionString: string,
    private readonly options: Omit<TrialOptions, 'queue'> & {
      readonly queue: Queue | undefined;
      readonly bell: Bell | undefined;
    },
  ) {
    this.#random = new Random(plan.seed + 1_000_003);
    this.#pool = createPool({ connectionString, max: 5 });
    this.#store = new RunStore(this.#pool);
    this.#outside = new Outside({
      isIntended: (run, name, key) => this.#isIntended(run, name, key),
      mayAct: (run, worker) => this.#mayAct(run, worker),
      steal: (run) => this.#steal(run),
      kill: (pid) => this.#fleet.kill(pid),
      asksForVote: (run) => {
        if (!this.#handed.has(run)) void this.#vote(run);
      },
      misbehaves: (run) => this.#misbehaves(run),
      injected: (fault) => {
        this.#count(`${fault.op} ${fault.kind} ${fault.fault}`);
        this.#came.add(atTarget(fault));
      },
    });
    this.#database = new DatabaseFaults({
      pool: this.#pool,
      server,
      insist: (work) => this.#insist(work),
      injected: (fault) => this.#count(fault),
      failed: (what) => void this.#outside.violations.push(what),
    });
    this.#fleet = new Fleet({
      size: plan.workers,
      cuts: options.cuts ?? [],
      random: this.#random,
      bells: plan.bells,
      clocks: plan.clocks,
      bell: options.bell,
      begin: (name) => ({
        kind: 'begin',
        connectionString,
        outside: this.#url,
        name,
        leaseMs: LEASE_MS,
        stepDeadlineMs: plan.stepDeadlineMs,
        bell: options.queue?.backend ?? null,
        faults: this.#faults,
      }),
      met: (fault, worker) => this.#met(fault, worker),
      injected: (fault) => this.#count(fault),
    });
  }

  async run(): Promise<TrialResult> {
    const ids = await this.#ask();
    this.#faults = this.plan.faults.map(({ run, ...fault }, id) => ({
      ...this.#possible(fault),
      id,
      ...(run === undefined ? {} : { run: ids[run] ?? '' }),
    }));
    for (const { does, run = '' } of this.#faults) if (does === 'vote') this.#handed.add(run);
    const outside = this.plan.outside.map((fault): OutsideFault => ({ ...fault, run: ids[fault.run] ?? '' }));
    this.#url = await this.#outside.listen(outside);
    this.#fleet.start();
    for (const id of ids) this.#fleet.ring(id);
    const killing = this.#killAtAnyTime();
    await this.#begunByWorkers();
    const problems = await this.#ended();
    await killing;
    await Promise.all([...this.#cuts, ...this.#database.later]);
    // Where a run did not end, a worker may never come to its rest.
    if (problems.length > 0) this.#fleet.abandon();
    else problems.push(...(await this.#fleet.close()));
    this.#isOver = true;
    await this.options.bell?.close();
    await this.#outside.close();
    await this.#pool.end();
    const pool = createPool({ connectionString: this.connectionString, max: 1 });
    try {
      const store = new RunStore(pool);
      const missing = await lost(pool, this.#plans);
      for (const id of missing) problems.push(`${id} was answered for, and is lost`);
      for (const id of missing) this.#plans.delete(id);
      for (const [id, run] of await untold(pool, this.#plans)) this.#plans.set(id, run);
      const parts = { plans: this.#plans, canceled: this.#canceled, seen: this.#seen };
      const checked = await check({ pool, store, outside: this.#outside, ...parts });
      problems.push(...checked.problems);
      if (problems.length > 0) problems.push(...this.#fleet.warnings.slice(0, 5));
      const { effects } = checked;
      return { problems, injected: this.#injected, came: this.#came, effects, requests: this.#outside.requests };
    } finally {
      await pool.end();
    }
  }

  /** Ends what a failure left running. */
  async abandon(): Promise<void> {
    this.#fleet.abandon();
    if (this.#isOver) return;
    this.#isOver = true;
    await this.options.bell?.close().catch(() => undefined);
    await this.#outside.close();
    await this.#pool.end().catch(() => undefined);
  }

  async #ask(): Promise<string[]> {
    const ids: string[] = [];
    for (const [index, run] of this.#byUs().entries()) {
      const { id } = await begin(this.#store, askedOf(run, index));
      ids.push(id);
      this.#plans.set(id, run);
      if (run.isVotedFor) this.#outside.voted.add(id);
    }
    return ids;
  }

  #byUs(): readonly RunPlan[] {
    return this.plan.runs.slice(0, this.plan.runs.length - this.plan.begunByWorkers);
  }

  async #begunByWorkers(): Promise<void> {
    const theirs = [...this.plan.runs.entries()].slice(this.#byUs().length);
    for (const [id, run] of await beginInWorkers(this.#fleet, theirs, this.#random)) this.#plans.set(id, run);
  }

  #count(fault: string): void {
    this.#injected.set(fault, (this.#injected.get(fault) ?? 0) + 1);
  }

  /** Until it is done, whatever the database does meanwhile. */
  async #insist<T>(work: () => Promise<T>): Promise<T | undefined> {
    while (!this.#isOver) {
      try {
        return await work();
      } catch {
        await delay(50);
      }
    }
    return undefined;
  }

  async #isIntended(run: string, name: string, key: string): Promise<boolean | undefined> {
    try {
      const { rowCount } = await this.#pool.query(
        'SELECT 1 FROM run_effects WHERE run = $1 AND name = $2 AND key = $3',
        [run, name, key],
      );
      return rowCount === 1;
    } catch {
      return undefined;
    }
  }

  async #mayAct(run: string, worker: number): Promise<boolean> {
    if (this.#away.get(run) !== worker) return true;
    const { rows } = await this.#pool.query<{ owner: string | null; ended: boolean }>(
      'SELECT lease_owner AS owner, ended FROM runs WHERE id = $1',
      [run],
    );
    const { owner = null, ended = false } = rows[0] ?? {};
    return !ended && (owner === null || owner === this.#fleet.nameOf(worker));
  }

  async #vote(run: string): Promise<void> {
    await delay(this.#random.whole(10, 150));
    this.#outside.voted.add(run);
    await this.#insist(() => this.#store.wake(run));
    this.#fleet.ring(run);
  }

  /** A vote while the run is held, by a worker that has just seen none. Nobody rings for it. */
  async #hand(run: string): Promise<void> {
    this.#outside.voted.add(run);
    await this.#insist(() => this.#store.wake(run));
  }

  async #steal(run: string): Promise<void> {
    await this.#insist(() =>
      this.#pool.query(
        `UPDATE runs SET lease_owner = NULL, lease_until = NULL, wake_at = clock_timestamp(), wakes = wakes + 1
          WHERE id = $1 AND NOT ended`,
        [run],
      ),
    );
    this.#fleet.ringAll(run);
  }

  #misbehaves(run: string): void {
    const { misbehaves } = this.#plans.get(run) ?? {};
    if (!misbehaves) return;
    this.#count(`step ${misbehaves.how}`);
    this.#came.add(inStep(misbehaves.step, misbehaves.how));
  }

  async #met(id: number, worker: number): Promise<void> {
    const fault = this.#faults.find((one) => one.id === id);
    if (!fault) return;
    this.#faults = this.#faults.filter((one) => one !== fault);
    this.#fleet.use(fault);
    // Whether a connection was cut is seen when it is.
    if (fault.does !== 'cut') this.#count(`${fault.does ?? fault.act} at ${fault.point}`);
    if (fault.place !== undefined) this.#came.add(fault.place);
    await this.#look();
    const pause = fault.act === 'pause' ? this.#fleet.pause(worker, 3 * LEASE_MS) : undefined;
    await pause?.begun;
    if (pause && fault.point === 'runs:effect:intended') this.#away.set(fault.run ?? '', worker);
    if (fault.does === 'cancel') await this.#cancel(fault.run ?? '');
    await pause?.over;
    if (fault.does === 'vote') await this.#hand(fault.run ?? '');
    if (fault.does === 'overtake') await this.#overtake(fault.run ?? '', fault.effect ?? '');
    if (fault.does === 'restart-postgres') await this.server.restart({ hard: false });
    if (fault.does === 'kill-postgres') await this.server.restart({ hard: true });
    if (fault.does === 'cut') this.#cuts.push(this.#database.cut());
    if (fault.does === 'fill-disk') await this.#database.fillDisk();
    if (fault.does === 'jump-ahead' || fault.does === 'jump-back') await this.#database.jump(fault.does);
    if (fault.does === 'empty-queue') await this.#insist(async () => this.options.queue?.empty());
    if (fault.does === 'remove-queue') await this.#insist(async () => this.options.queue?.remove());
  }

  /** A disk that cannot be filled is told to be full where the journal is written. */
  #possible<T extends Pick<WorkerFault, 'act' | 'does'>>(fault: T): T {
    if (fault.does !== 'fill-disk' || this.server.disk !== undefined) return fault;
    const { does: _, ...rest } = fault;
    return { ...rest, act: 'refuse' } as T;
  }

  /** Remembers what the journal says now. */
  async #look(): Promise<void> {
    const found = await this.#pool.query<Entry>(JOURNAL).catch(() => undefined);
    for (const { digest, run, seq, kind } of found?.rows ?? []) this.#seen.set(digest, `${run} ${seq} ${kind}`);
  }

  async #cancel(run: string): Promise<void> {
    try {
      await this.#store.requestCancel(run, { by: 'person:owner', reason: 'a fault' });
      this.#canceled.add(run);
    } catch {
      // It came too late, and whoever asked was told so.
    }
  }

  /** Lets another worker record the effect first. */
  async #overtake(run: string, name: string): Promise<void> {
    await this.#steal(run);
    const until = Date.now() + OVERTAKEN_WITHIN_MS;
    while (Date.now() < until && !this.#isOver) {
      const { rowCount } = await this.#pool.query(
        `SELECT 1 FROM run_events WHERE run = $1 AND kind = 'effect:done' AND data->>'name' = $2`,
        [run, name],
      );
      if (rowCount !== 0) return;
      await delay(5);
    }
    if (!this.#isOver) this.#outside.violations.push(`nobody overtook ${run} at ${name}`);
  }

  async #killAtAnyTime(): Promise<void> {
    for (let kill = 0; kill < this.plan.kills && !this.#isOver; kill += 1) {
      await delay(this.#random.whole(300, 1500));
      while (!this.#fleet.killOne() && !this.#isOver) await delay(50);
      this.#count('kill at any time');
    }
  }

  async #ended(): Promise<string[]> {
    const { symptom, withinMs = 600_000 } = this.options;
    const until = Date.now() + withinMs;
    while (Date.now() < until) {
      const found = await this.#pool
        .query<{ wait: string | null }>('SELECT wait_message AS wait FROM runs WHERE NOT ended')
        .catch(() => undefined);
      const waits = found?.rows.map(({ wait }) => `a run waits: ${wait}`) ?? [];
      const seen = symptom && [...this.#outside.violations, ...waits].find((one) => symptom.test(one));
      if (seen !== undefined) return [seen];
      if (found?.rows.length === 0) return [];
      await delay(50);
    }
    return ['not every run came to its end in time'];
  }
}
