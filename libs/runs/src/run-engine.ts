import {
  type EndState,
  type ErrorBody,
  type FaultPoints,
  isPlanwardenError,
  type Log,
  noFaults,
  silentLog,
} from '@planwarden/contracts';
import { isDatabaseAway, withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { appendUnderLease, type Timing } from './journal.js';
import { type Claimed, claim, keepAlive } from './lease.js';
import { RunStore } from './run.repository.js';
import { stepContext } from './run-context.js';
import type { RunEventEntry } from './run-event.js';
import { assertTransition, CANCELABLE_STATES } from './run-states.js';
import { assertPipeline, type Pipeline, type Step, type StepContext, type StepOutcome } from './step.js';

/** Instants at which libs/runs asks the fault points. */
export const RUN_FAULT_POINTS = [
  'runs:claimed',
  'runs:step:started',
  'runs:effect:intended',
  'runs:effect:acted',
  'runs:effect:recorded',
  'runs:step:executed',
  'runs:step:recorded',
] as const;

export interface RunEngineOptions {
  readonly pool: pg.Pool;
  /** Every version this process can carry. A run keeps the version it began with. */
  readonly pipelines: readonly Pipeline[];
  /** Name of this worker in leases and logs. */
  readonly worker: string;
  readonly log?: Log;
  readonly faults?: FaultPoints;
  /** Milliseconds after which a silent worker loses its run. Default 30 000. */
  readonly leaseMs?: number;
  /** Retryable failures of one step in a row before it counts as failed. Default 40. */
  readonly maxAttempts?: number;
  /** First back-off in milliseconds, doubled up to `maxBackOffMs`. Defaults 250 and 60 000. */
  readonly backOffMs?: number;
  readonly maxBackOffMs?: number;
}

export interface Advance {
  /** `nothing`: not due, held by another, or lost on the way. */
  readonly kind: 'nothing' | 'parked' | 'ended';
  /** Milliseconds until the run is due again, where it parked. */
  readonly wakeInMs?: number;
}

interface Journey extends Claimed {
  readonly pipeline: Pipeline;
  readonly carry: Map<string, unknown>;
  readonly abort: AbortController;
}

/** How long a run rests whose road this process does not know; a release that knows it wakes it at its start. */
const PIPELINE_CHANGED_MS = 60_000;

/** Carries runs through their pipeline. Any number of engines may share a database; Postgres says what is next. */
export class RunEngine {
  readonly #options: Required<RunEngineOptions>;
  readonly #store: RunStore;
  readonly #pipelines: ReadonlyMap<string, Pipeline>;

  /** @throws Error when a pipeline cannot work or a version is there twice */
  constructor(options: RunEngineOptions) {
    for (const pipeline of options.pipelines) assertPipeline(pipeline);
    this.#pipelines = new Map(options.pipelines.map((pipeline) => [pipeline.version, pipeline]));
    if (this.#pipelines.size !== options.pipelines.length) throw new Error('a pipeline version is there twice');
    this.#options = {
      log: silentLog,
      faults: noFaults,
      leaseMs: 30_000,
      maxAttempts: 40,
      backOffMs: 250,
      maxBackOffMs: 60_000,
      ...options,
    };
    this.#store = new RunStore(options.pool);
  }

  /**
   * Carries a run through its steps until it parks or ends. Safe to call at any time, by anybody.
   * @throws only what the database throws; the run is found again by the sweep
   */
  async advance(id: string): Promise<Advance> {
    const { pool, worker, leaseMs, faults, log } = this.#options;
    const claimed = await claim(pool, id, worker, leaseMs);
    if (!claimed) return { kind: 'nothing' };
    const abort = new AbortController();
    const stop = keepAlive(pool, claimed.hold, abort);
    try {
      await faults.at('runs:claimed');
      const pipeline = this.#pipelines.get(claimed.run.pipeline);
      const isKnown = claimed.run.step === null || pipeline?.steps.some(({ name }) => name === claimed.run.step);
      if (!pipeline || !isKnown) return await this.#parkStranger(claimed, pipeline);
      return await this.#travel({ ...claimed, pipeline, carry: new Map(), abort });
    } catch (error) {
      if (!isPlanwardenError(error) || error.code !== 'LEASE_LOST') throw error;
      log.warn({ run: id, fence: claimed.hold.fence }, 'the lease was lost; another worker goes on');
      return { kind: 'nothing' };
    } finally {
      stop();
    }
  }

  /** Wakes the runs that waited for a release which has their pipeline: this one may. */
  async wakeReturned(): Promise<void> {
    await this.#store.wakeStrangers([...this.#pipelines.keys()]);
  }

  /** The road of this run is not the one this process ships: it waits, untouched, for a release that has it. */
  async #parkStranger(claimed: Claimed, pipeline: Pipeline | undefined): Promise<Advance> {
    const { run } = claimed;
    const what = pipeline ? `step ${run.step} of pipeline ${run.pipeline}` : `pipeline ${run.pipeline}`;
    const message = `this release does not have ${what}`;
    const error: ErrorBody = {
      code: 'PIPELINE_CHANGED',
      message,
      remedy: 'Start a release that has it, and the run goes on; or ask for the change anew.',
    };
    this.#options.log.warn({ run: run.id, code: error.code }, message);
    return this.#park(claimed, { reason: 'pipeline_changed', message, forMs: PIPELINE_CHANGED_MS, error });
  }

  async #travel(first: Journey): Promise<Advance> {
    let journey = await this.#enter(first);
    for (;;) {
      const stopped = await this.#stopIfAsked(journey);
      if (stopped) return stopped;
      const step = stepOf(journey.pipeline, journey.run.step);
      const log = this.#options.log;
      log.debug({ run: journey.run.id, round: journey.run.round, step: step.name }, 'step begins');
      await this.#begin(journey, step);
      const outcome = await this.#execute(journey, step);
      await this.#options.faults.at('runs:step:executed');
      const result = await this.#settle(journey, step, outcome);
      await this.#options.faults.at('runs:step:recorded');
      if (result) return result;
      journey = { ...journey, run: await this.#store.get(journey.run.id), attempts: 0 };
    }
  }

  /** A new lease: what lived in memory is gone, so some steps enter the road earlier. */
  async #enter(journey: Journey): Promise<Journey> {
    const { run } = journey;
    const back = run.step === null ? undefined : stepOf(journey.pipeline, run.step).reentersAt;
    if (back !== undefined) {
      await this.#append(journey, [{ kind: 'run:back', data: { to: back }, message: `enters again at ${back}` }]);
      return { ...journey, run: await this.#store.get(run.id) };
    }
    if (run.step !== null) return journey;
    // A run that has just begun stands before its first step.
    const first = journey.pipeline.steps[0]?.name ?? '';
    await this.#append(journey, [{ kind: 'run:back', data: { to: first }, message: 'sets out' }]);
    return { ...journey, run: await this.#store.get(run.id) };
  }

  async #stopIfAsked(journey: Journey): Promise<Advance | undefined> {
    const { run } = journey;
    if (!run.cancel || !CANCELABLE_STATES.includes(run.state)) return undefined;
    if (await this.#hasReleased(journey)) return undefined;
    return this.#end(journey, 'canceled', null, `canceled by ${run.cancel.by}`);
  }

  /**
   * Whether an effect of this round was released before the road entered again at an earlier step: "canceled" would say
   * that nothing happened. In doubt it was.
   */
  async #hasReleased(journey: Journey): Promise<boolean> {
    const { run } = journey;
    for (const step of journey.pipeline.steps.filter(({ reentersAt }) => reentersAt !== undefined)) {
      for (const effect of step.effects) {
        const key = effect.key(run);
        const known = await this.#store.effect(run.id, step.name, effect.name, key);
        if (known === 'done') return true;
        if (known === null || effect.kind !== 'once') continue;
        try {
          if ((await effect.reconcile(this.#context(journey, step), key)).found !== 'absent') return true;
        } catch (error) {
          this.#options.log.warn({ run: run.id, err: error }, 'what was released cannot be told; the cancel waits');
          return true;
        }
      }
    }
    return false;
  }

  async #begin(journey: Journey, step: Step): Promise<void> {
    if (step.state !== journey.run.state) assertTransition(journey.run.state, step.state);
    // A parked step that is only looked at again writes nothing: a poll must not make the journal grow.
    if (journey.run.wait === null) {
      await this.#append(journey, [
        { kind: 'step:started', data: { state: step.state }, message: `${step.name} begins` },
      ]);
    }
    await this.#options.faults.at('runs:step:started');
  }

  async #execute(journey: Journey, step: Step): Promise<StepOutcome> {
    try {
      return await step.execute(this.#context(journey, step));
    } catch (error) {
      return this.#failure(journey, step, error);
    }
  }

  #context({ hold, run, carry, abort }: Journey, step: Step): StepContext {
    const { pool, log, faults } = this.#options;
    const parts = { pool, store: this.#store, hold, step, carry, signal: abort.signal, log, faults };
    return stepContext({ ...parts, run: { ...run, state: step.state } });
  }

  /** Classified once, here: retryable waits and tries again, everything else ends the run. */
  #failure(journey: Journey, step: Step, error: unknown): StepOutcome {
    if (isPlanwardenError(error) && error.code === 'LEASE_LOST') throw error;
    const { maxAttempts, backOffMs, maxBackOffMs, log } = this.#options;
    const fields = { run: journey.run.id, round: journey.run.round, step: step.name, attempt: journey.attempts + 1 };
    const isRetryable = isPlanwardenError(error) ? error.failure === 'retryable' : isDatabaseAway(error);
    if (isRetryable && journey.attempts + 1 < maxAttempts) {
      const message = isPlanwardenError(error) ? error.message : 'the database cannot be reached';
      log.warn({ ...fields, code: isPlanwardenError(error) ? error.code : 'DATABASE_UNAVAILABLE' }, message);
      const forMs = Math.min(backOffMs * 2 ** Math.min(journey.attempts, 20), maxBackOffMs);
      return { kind: 'wait', reason: 'outside_down', message, forMs };
    }
    if (!isPlanwardenError(error)) log.error({ ...fields, err: error }, 'a step failed in a way we did not expect');
    const body = bodyOf(error);
    log.warn({ ...fields, code: body.code }, 'a step failed');
    return { kind: 'end', state: step.failsAs ?? 'errored', error: body, message: body.message };
  }

  async #settle(journey: Journey, step: Step, outcome: StepOutcome): Promise<Advance | undefined> {
    switch (outcome.kind) {
      case 'done':
        return this.#done(journey, step, outcome.message, outcome.output);
      case 'wait':
        return this.#park(journey, outcome);
      case 'back':
        stepOf(journey.pipeline, outcome.step);
        await this.#append(journey, [{ kind: 'run:back', data: { to: outcome.step }, message: outcome.message }]);
        return undefined;
      case 'new-round':
        return this.#newRound(journey, step, outcome.error);
      case 'end':
        return this.#end(journey, outcome.state, outcome.error, outcome.message);
    }
  }

  async #done(journey: Journey, step: Step, message: string, output: unknown): Promise<Advance | undefined> {
    const { log } = this.#options;
    const { steps } = journey.pipeline;
    const next = steps[steps.indexOf(step) + 1]?.name ?? null;
    const state = step.doneState ?? null;
    log.info({ run: journey.run.id, round: journey.run.round, step: step.name }, 'step done');
    const entry: RunEventEntry = { kind: 'step:done', data: { output: output ?? null, next, state }, message };
    if (next !== null) {
      await this.#append(journey, [entry]);
      return undefined;
    }
    assertTransition(step.state, 'applied');
    await this.#append(journey, [
      entry,
      { kind: 'run:ended', data: { state: 'applied', error: null }, message: 'applied' },
    ]);
    return { kind: 'ended' };
  }

  async #park(journey: Claimed, wait: Wait): Promise<Advance> {
    const { reason, message, forMs, error } = wait;
    const isRetry = reason === 'outside_down';
    const attempts = isRetry ? journey.attempts + 1 : 0;
    const same = journey.run.wait?.reason === reason && journey.run.wait.message === message;
    const entries: RunEventEntry[] =
      same && !isRetry
        ? []
        : [{ kind: 'run:parked', data: { reason, attempts, ...(error ? { error } : {}) }, message }];
    await this.#append(journey, entries, { wakeInMs: forMs, release: true });
    if (!same) this.#options.log.info({ run: journey.run.id, step: journey.run.step, reason }, 'run parked');
    return { kind: 'parked', wakeInMs: forMs };
  }

  async #newRound(journey: Journey, step: Step, error: ErrorBody): Promise<Advance | undefined> {
    const { pipeline } = journey;
    if (journey.run.round >= pipeline.maxRounds) {
      const exhausted: ErrorBody = {
        code: 'ROUNDS_EXHAUSTED',
        message: `${pipeline.maxRounds} rounds were not enough; the last one ended with: ${error.message}`,
        remedy: 'Look at who keeps moving the branch or its base, then ask again.',
        details: [{ code: error.code, message: error.message }],
      };
      return this.#end(journey, step.failsAs ?? 'errored', exhausted, exhausted.message);
    }
    const to = pipeline.roundStartsAt;
    await this.#append(journey, [{ kind: 'run:round', data: { error, to }, message: error.message }]);
    return undefined;
  }

  async #end(journey: Journey, state: EndState, error: ErrorBody | null, message: string): Promise<Advance> {
    const step = stepOf(journey.pipeline, journey.run.step);
    const from = state === 'canceled' ? journey.run.state : step.state;
    assertTransition(from, state);
    const { pool, log, faults } = this.#options;
    const { pipeline, hold, run, carry, abort } = journey;
    const context = stepContext({
      pool,
      store: this.#store,
      hold,
      run,
      step,
      carry,
      signal: abort.signal,
      log,
      faults,
    });
    try {
      await pipeline.beforeEnd?.(context, { state, error });
    } catch (failure) {
      if (isPlanwardenError(failure) && failure.code === 'LEASE_LOST') throw failure;
      const code = isPlanwardenError(failure) ? failure.code : 'INTERNAL';
      log.warn({ run: run.id, state, code, ...(code === 'INTERNAL' ? { err: failure } : {}) }, 'tidying up failed');
    }
    const failed: RunEventEntry[] = error ? [{ kind: 'step:failed', data: { error }, message: error.message }] : [];
    await this.#append(journey, [...failed, { kind: 'run:ended', data: { state, error }, message }]);
    log.info({ run: run.id, state, ...(error ? { code: error.code } : {}) }, 'run ended');
    return { kind: 'ended' };
  }

  #append(journey: Claimed, entries: readonly RunEventEntry[], timing: Timing = {}): Promise<void> {
    const { hold, seenWakes } = journey;
    return withTransaction(this.#options.pool, (client) =>
      appendUnderLease(client, hold, entries, { ...timing, seenWakes }),
    );
  }
}

type Wait = Omit<Extract<StepOutcome, { kind: 'wait' }>, 'kind'> & { readonly error?: ErrorBody };

function stepOf(pipeline: Pipeline, name: string | null): Step {
  const found = pipeline.steps.find((step) => step.name === name);
  if (!found) throw new Error(`the pipeline has no step ${name ?? '(none)'}`);
  return found;
}

function bodyOf(error: unknown): ErrorBody {
  if (isPlanwardenError(error)) return error.toBody();
  return {
    code: 'INTERNAL',
    message: 'something went wrong on our side',
    remedy: 'Look into the log of the orchestrator under this run id.',
  };
}
