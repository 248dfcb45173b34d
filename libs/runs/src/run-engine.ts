import { type EndState, type ErrorBody, isPlanwardenError } from '@planwarden/contracts';
import { CanceledWhileRunning, executeStep, type StepTimes, withinTime } from './execute-step.js';
import type { FirstLease } from './first-lease.js';
import { JournalWriter, leaseLost } from './journal.js';
import { type Claimed, Claims, LeaseKeeper, letGo } from './lease.js';
import { LeasedRun } from './leased-run.js';
import { RunStore } from './run.repository.js';
import { stepContext } from './run-context.js';
import { type RunEngineOptions, withDefaults } from './run-engine-options.js';
import type { Demand, RunEventEntry } from './run-event.js';
import { assertTransition, CANCELABLE_STATES, STOPPABLE_STATES } from './run-states.js';
import { assertPipeline, type Pipeline, type Step, type StepContext, type StepOutcome } from './step.js';
import { StepAbort } from './step-abort.js';
import { failureOutcome } from './step-failure.js';
import { tidyUp } from './tidy-up.js';

export interface Advance {
  /** `nothing`: not due, held by another, or lost on the way. */
  readonly kind: 'nothing' | 'parked' | 'ended';
  /** Milliseconds until the run is due again, where it parked. */
  readonly wakeInMs?: number;
}

/** One advance of a run: what this worker holds in memory for it. */
interface Journey {
  readonly leased: LeasedRun;
  readonly pipeline: Pipeline;
  readonly carry: Map<string, unknown>;
}

/** What may stop the step that runs now. */
interface Stop {
  abort: StepAbort;
  isLost: boolean;
  hasHeardCancel: boolean;
}

/** How long a run rests whose road this process does not know; a release that knows it wakes it at its start. */
const PIPELINE_CHANGED_MS = 60_000;

/** Carries runs through their pipeline. Any number of engines may share a database; Postgres says what is next. */
export class RunEngine {
  readonly #options: Required<RunEngineOptions>;
  readonly #store: RunStore;
  readonly #pipelines: ReadonlyMap<string, Pipeline>;
  readonly #claims: Claims;
  readonly #leases: LeaseKeeper;
  readonly #writer: JournalWriter;

  /** @throws Error when a pipeline cannot work or a version is there twice */
  constructor(options: RunEngineOptions) {
    for (const pipeline of options.pipelines) assertPipeline(pipeline);
    this.#pipelines = new Map(options.pipelines.map((pipeline) => [pipeline.version, pipeline]));
    if (this.#pipelines.size !== options.pipelines.length) throw new Error('a pipeline version is there twice');
    this.#options = withDefaults(options);
    const { pool, worker, leaseMs, faults, monotonic } = this.#options;
    this.#store = new RunStore(pool);
    this.#claims = new Claims(pool, worker, leaseMs, monotonic);
    this.#leases = new LeaseKeeper(pool, worker, leaseMs, monotonic);
    this.#writer = new JournalWriter(pool, faults);
  }

  /**
   * Carries a run through its steps until it parks or ends. Safe to call at any time, by anybody.
   * @throws only what the database throws; the run is found again by the sweep
   */
  async advance(id: string): Promise<Advance> {
    const claimed = await this.#claims.claim(id);
    return claimed ? this.carry(claimed) : { kind: 'nothing' };
  }

  /** The lease under which a run may begin that this engine then carries; undefined where it does not have its road. */
  firstLease(pipeline: string): FirstLease | undefined {
    const { worker, leaseMs, monotonic } = this.#options;
    return this.#pipelines.has(pipeline) ? { owner: worker, leaseMs, askedAt: monotonic() } : undefined;
  }

  /**
   * As `advance`, for a run that is this engine's already.
   * @throws only what the database throws; the run is found again by the sweep
   */
  async carry(claimed: Claimed): Promise<Advance> {
    const { pool, faults, log, monotonic } = this.#options;
    const { id } = claimed.run;
    const leased = new LeasedRun(pool, this.#writer, claimed, monotonic);
    const stop: Stop = { abort: new StepAbort(), isLost: false, hasHeardCancel: false };
    const release = this.#keep(leased, stop);
    try {
      await faults.at('runs:claimed', { run: id });
      const pipeline = this.#pipelines.get(claimed.run.pipeline);
      const isKnown = claimed.run.step === null || pipeline?.steps.some(({ name }) => name === claimed.run.step);
      if (!pipeline || !isKnown) return await this.#parkStranger(leased, pipeline);
      return await this.#travel({ leased, pipeline, carry: new Map() }, stop);
    } catch (error) {
      if (isPlanwardenError(error) && error.code === 'LEASE_LOST') {
        log.warn({ run: id, fence: claimed.hold.fence }, 'the lease was lost; another worker goes on');
        return { kind: 'nothing' };
      }
      // Nobody needs to wait for the end of the lease; where the database is away it runs out by itself.
      await letGo(pool, claimed.hold).catch(() => undefined);
      throw error;
    } finally {
      release();
    }
  }

  #keep(leased: LeasedRun, stop: Stop): () => void {
    const canceled = (demand: Demand): void => {
      leased.hearsCancel(demand);
      // Once: where the cancel comes too late the step runs again, undisturbed.
      if (stop.hasHeardCancel || !CANCELABLE_STATES.includes(leased.run.state)) return;
      stop.hasHeardCancel = true;
      stop.abort.abort(new CanceledWhileRunning('a cancel was asked for'));
    };
    leased.onCancel(canceled);
    return this.#leases.keep(leased.hold, {
      kept: (askedAt) => leased.wasKept(askedAt),
      lost: () => {
        stop.isLost = true;
        stop.abort.abort(leaseLost(), { now: true });
      },
      canceled,
    });
  }

  /** Wakes the runs that waited for a release which has their pipeline: this one may. */
  async wakeReturned(): Promise<void> {
    await this.#store.wakeStrangers([...this.#pipelines.keys()]);
  }

  /** The road of this run is not the one this process ships: it waits, untouched, for a release that has it. */
  async #parkStranger(leased: LeasedRun, pipeline: Pipeline | undefined): Promise<Advance> {
    const { run } = leased;
    const what = pipeline ? `step ${run.step} of pipeline ${run.pipeline}` : `pipeline ${run.pipeline}`;
    const message = `this release does not have ${what}`;
    const error: ErrorBody = {
      code: 'PIPELINE_CHANGED',
      message,
      remedy: 'Start a release that has it, and the run goes on; or ask for the change anew.',
    };
    this.#options.log.warn({ run: run.id, code: error.code }, message);
    return this.#park(leased, { reason: 'pipeline_changed', message, forMs: PIPELINE_CHANGED_MS, error });
  }

  async #travel(journey: Journey, stop: Stop): Promise<Advance> {
    const { leased, pipeline } = journey;
    await this.#enter(journey);
    for (;;) {
      // Before it is asked for a cancel: one that is heard after that stops the step that begins now.
      stop.abort = new StepAbort();
      const stopped = await this.#stopIfAsked(journey);
      if (stopped) return stopped;
      const step = stepOf(pipeline, leased.run.step);
      const { id, round } = leased.run;
      const here = { run: id, step: step.name };
      this.#options.log.debug({ run: id, round, step: step.name }, 'step begins');
      await this.#begin(journey, step);
      const outcome = await this.#execute(journey, step, stop);
      await this.#options.faults.at('runs:step:executed', here);
      const result = outcome === 'canceled' ? undefined : await this.#settle(journey, step, outcome);
      await this.#options.faults.at('runs:step:recorded', here);
      if (result) return result;
    }
  }

  /** A new lease: what lived in memory is gone, so some steps enter the road earlier. */
  async #enter({ leased, pipeline }: Journey): Promise<void> {
    const at = leased.run.step === null ? null : stepOf(pipeline, leased.run.step);
    // A run that has just begun stands before its first step.
    const to = at === null ? (pipeline.steps[0]?.name ?? '') : at.reentersAt;
    if (to === undefined || (at !== null && (await this.#stays(leased, at)))) return;
    const message = at === null ? 'sets out' : `enters again at ${to}`;
    leased.ride({ kind: 'run:back', data: { to }, message });
  }

  async #stays(leased: LeasedRun, step: Step): Promise<boolean> {
    const effect = step.effects.find(({ name }) => name === step.staysAfter);
    if (effect === undefined) return false;
    return (await leased.effect(step.name, effect.name, effect.key(leased.run)))?.state === 'done';
  }

  async #stopIfAsked(journey: Journey): Promise<Advance | undefined> {
    const { cancel, discard, state } = journey.leased.run;
    // Until then the step that awaits votes sees a discard itself.
    const discardedBy = state === 'confirmed' ? discard?.by : undefined;
    if (!STOPPABLE_STATES.includes(state) || (!cancel && discardedBy === undefined)) return undefined;
    if (await this.#hasReleased(journey)) return undefined;
    if (cancel) return this.#end(journey, 'canceled', null, `canceled by ${cancel.by}`);
    const message = `discarded by ${discardedBy}`;
    return this.#end(
      journey,
      'discarded',
      { code: 'VOTE_REJECTED', message, remedy: 'Talk to them, then ask again.' },
      message,
    );
  }

  /**
   * Whether an effect of this round was released before the road entered again at an earlier step: "canceled" would say
   * that nothing happened. In doubt it was.
   */
  async #hasReleased(journey: Journey): Promise<boolean> {
    const { leased, pipeline } = journey;
    const { run } = leased;
    for (const step of pipeline.steps.filter(({ reentersAt }) => reentersAt !== undefined)) {
      for (const effect of step.effects) {
        const key = effect.key(run);
        const known = await leased.effect(step.name, effect.name, key);
        if (known?.state === 'done') return true;
        if (known === undefined || effect.kind !== 'once') continue;
        try {
          const abort = new StepAbort();
          const context = this.#context(journey, step, abort);
          const { found } = await withinTime(step, abort, this.#times, () => effect.reconcile(context, key));
          if (found !== 'absent') return true;
        } catch (error) {
          this.#options.log.warn({ run: run.id, err: error }, 'what was released cannot be told; the cancel waits');
          return true;
        }
      }
    }
    return false;
  }

  async #begin({ leased }: Journey, step: Step): Promise<void> {
    const before = leased.run.state;
    if (step.state !== before) assertTransition(before, step.state);
    // A parked step that is only looked at again writes nothing: a poll must not make the journal grow.
    if (leased.run.wait === null) {
      // Nothing is done on its word: it goes with the next entry, or by itself soon.
      leased.ride({ kind: 'step:started', data: { state: step.state }, message: `${step.name} begins` });
      // From here a cancel is taken again, so whoever asks for one must see it.
      if (!CANCELABLE_STATES.includes(before) && CANCELABLE_STATES.includes(step.state)) await leased.append([]);
    }
    await this.#options.faults.at('runs:step:started', { run: leased.run.id, step: step.name });
  }

  async #execute(journey: Journey, step: Step, stop: Stop): Promise<StepOutcome | 'canceled'> {
    if (stop.isLost) throw leaseLost();
    await journey.leased.makeSure();
    try {
      return await executeStep(step, this.#context(journey, step, stop.abort), stop.abort, this.#times);
    } catch (error) {
      // Where the journal did not take an entry, what the step says of it ends nothing, and nothing is said outside.
      journey.leased.throwIfRefused();
      if (error instanceof CanceledWhileRunning) return 'canceled';
      return await this.#failure(journey, step, error);
    }
  }

  get #times(): StepTimes {
    return { deadlineMs: this.#options.stepDeadlineMs, graceMs: this.#options.stepGraceMs };
  }

  #context({ leased, carry }: Journey, step: Step, abort: StepAbort, tells = step.tells ?? []): StepContext {
    const { pool, log, faults } = this.#options;
    const run = { ...leased.run, state: step.state };
    return stepContext({ pool, store: this.#store, leased, run, step, tells, carry, abort, log, faults });
  }

  async #failure({ leased }: Journey, step: Step, error: unknown): Promise<StepOutcome> {
    const { run, attempts } = leased;
    const isRetryable = isPlanwardenError(error) && error.failure === 'retryable';
    if (step.reentersAt === undefined || !isRetryable) {
      return failureOutcome(error, step, { run, attempts }, this.#options);
    }
    // On its way the road passed other steps, and the row counts anew. Whether it goes on is said where it enters again:
    // what this step released may have to be brought to its end however long that takes.
    const retries = await this.#store.retries(run.id, run.round, step.name);
    return failureOutcome(error, step, { run, attempts: retries }, { ...this.#options, maxAttempts: Infinity });
  }

  async #settle(journey: Journey, step: Step, outcome: StepOutcome): Promise<Advance | undefined> {
    const { leased, pipeline } = journey;
    switch (outcome.kind) {
      case 'done':
        return this.#done(journey, step, outcome.message, outcome.output);
      case 'wait':
        return this.#park(leased, outcome);
      case 'back':
        stepOf(pipeline, outcome.step);
        await leased.append([{ kind: 'run:back', data: { to: outcome.step }, message: outcome.message }]);
        return undefined;
      case 'new-round':
        return this.#newRound(journey, step, outcome.error);
      case 'end':
        return this.#end(journey, outcome.state, outcome.error, outcome.message);
    }
  }

  async #done(journey: Journey, step: Step, message: string, output: unknown): Promise<Advance | undefined> {
    const { leased, pipeline } = journey;
    const next = pipeline.steps[pipeline.steps.indexOf(step) + 1]?.name ?? null;
    const state = step.doneState ?? null;
    const entry: RunEventEntry = { kind: 'step:done', data: { output: output ?? null, next, state }, message };
    const { id: run, round } = leased.run;
    try {
      if (next === null) {
        const end = pipeline.endsAs ?? 'applied';
        assertTransition(step.state, end);
        const ended = { kind: 'run:ended', data: { state: end, error: null }, message: end } as const;
        await leased.append([entry, ended]);
      } else {
        await leased.append([entry]);
      }
    } catch (error) {
      if (!isPlanwardenError(error) || error.code !== 'OUTPUT_REFUSED') throw error;
      return this.#settle(journey, step, await this.#failure(journey, step, error));
    }
    this.#options.log.info({ run, round, step: step.name }, 'step done');
    if (next !== null) return undefined;
    this.#options.log.info({ run, state: leased.run.state }, 'run ended');
    return { kind: 'ended' };
  }

  async #park(leased: LeasedRun, wait: Wait): Promise<Advance> {
    const { reason, message, forMs, error } = wait;
    const { run } = leased;
    const isRetry = reason === 'outside_down';
    const attempts = isRetry ? leased.attempts + 1 : 0;
    const same = run.wait?.reason === reason && run.wait.message === message;
    const entry: RunEventEntry = {
      kind: 'run:parked',
      data: { reason, attempts, ...(error ? { error } : {}) },
      message,
    };
    await leased.append(same && !isRetry ? [] : [entry], { wakeInMs: forMs, release: true });
    if (!same) this.#options.log.info({ run: run.id, step: run.step, reason }, 'run parked');
    return { kind: 'parked', wakeInMs: forMs };
  }

  async #newRound(journey: Journey, step: Step, error: ErrorBody): Promise<Advance | undefined> {
    const { leased, pipeline } = journey;
    if (leased.run.round >= pipeline.maxRounds) {
      const exhausted: ErrorBody = {
        code: 'ROUNDS_EXHAUSTED',
        message: `${pipeline.maxRounds} rounds were not enough; the last one ended with: ${error.message}`,
        remedy: 'Look at who keeps moving the branch or its base, then ask again.',
        details: [{ code: error.code, message: error.message }],
      };
      return this.#end(journey, step.failsAs ?? 'errored', exhausted, exhausted.message);
    }
    const to = pipeline.roundStartsAt;
    await leased.append([{ kind: 'run:round', data: { error, to }, message: error.message }]);
    this.#options.log.info({ run: leased.run.id, round: leased.run.round, code: error.code }, 'a new round begins');
    return undefined;
  }

  async #end(journey: Journey, state: EndState, error: ErrorBody | null, message: string): Promise<Advance> {
    const { leased, pipeline } = journey;
    const { run } = leased;
    const step = stepOf(pipeline, run.step);
    // Between two steps: the next one has not begun.
    const hasBegun = run.state === step.state;
    assertTransition(hasBegun ? step.state : run.state, state);
    const contextFor = (abort: StepAbort): StepContext => ({
      ...this.#context(journey, step, abort, pipeline.beforeEnd?.tells),
      run: leased.run,
    });
    await tidyUp(pipeline, { state, error }, contextFor, this.#options.log);
    const failed: RunEventEntry[] =
      error && hasBegun ? [{ kind: 'step:failed', data: { error }, message: error.message }] : [];
    await leased.append([...failed, { kind: 'run:ended', data: { state, error }, message }]);
    this.#options.log.info({ run: run.id, state, ...(error ? { code: error.code } : {}) }, 'run ended');
    return { kind: 'ended' };
  }
}

type Wait = Omit<Extract<StepOutcome, { kind: 'wait' }>, 'kind'> & { readonly error?: ErrorBody };

function stepOf(pipeline: Pipeline, name: string | null): Step {
  const found = pipeline.steps.find((step) => step.name === name);
  if (!found) throw new Error(`the pipeline has no step ${name ?? '(none)'}`);
  return found;
}
