import { type FaultPoints, isPlanwardenError, type Log, PlanwardenError } from '@planwarden/contracts';
import type pg from 'pg';
import type { LeasedRun } from './leased-run.js';
import { giveLock, handOnLock, pinLock, takeLock } from './locks.js';
import type { RunStore } from './run.repository.js';
import type { RunEventEntry } from './run-event.js';
import type { RunRecord } from './run-record.js';
import type { Effect, Shape, Step, StepContext, Telling } from './step.js';
import type { StepAbort } from './step-abort.js';

export interface ContextParts {
  readonly pool: pg.Pool;
  readonly store: RunStore;
  readonly leased: LeasedRun;
  /** The run as the step sees it. */
  readonly run: RunRecord;
  readonly step: Step;
  /** What may be told here. */
  readonly tells: readonly Telling[];
  readonly carry: Map<string, unknown>;
  readonly abort: StepAbort;
  readonly log: Log;
  readonly faults: FaultPoints;
}

/** What a step gets. Everything it writes goes through the lease's fence. */
export function stepContext(parts: ContextParts): StepContext {
  const { pool, store, leased, run, step } = parts;
  const { hold } = leased;
  const outputIfAny = async <T>(name: string, shape: Shape<T>): Promise<T | undefined> => {
    const own = leased.ownOutput(name);
    const found = own === undefined ? await store.output(run.id, name, run.round) : JSON.parse(own);
    return found === undefined || found === null ? undefined : shape.parse(found);
  };
  const context: StepContext = {
    run,
    fence: leased.hold.fence,
    get signal() {
      return parts.abort.signal;
    },
    log: parts.log,
    carry: parts.carry,
    outputIfAny,
    output: async (name, shape) => {
      const found = await outputIfAny(name, shape);
      if (found === undefined) throw new Error(`step ${step.name} needs the output of ${name}, which has none`);
      return found;
    },
    effect: (name, shape, act) => parts.abort.acting(() => runEffect(parts, context, name, shape, act)),
    tell: (name, say) => parts.abort.acting(() => tell(parts, name, say)),
    note: (message, data) => leased.append([{ kind: 'note', data: data ?? null, message }]),
    takeLock: (name, demand = {}) => {
      leased.touchesLocks();
      return takeLock(pool, hold, name, demand);
    },
    giveLock: (name) => giveLock(pool, hold, name),
    pinLock: (name) => pinLock(pool, hold, name),
    handOnLock: (name, afterSeconds) => handOnLock(pool, hold, name, afterSeconds),
  };
  return context;
}

/** Intent, act, record. An intent found from before means doubt: the target is asked first. */
async function runEffect<T>(
  { leased, run, step, faults, abort }: ContextParts,
  context: StepContext,
  name: string,
  shape: Shape<T>,
  act: (key: string) => Promise<T>,
): Promise<T> {
  const effect = step.effects.find((declared) => declared.name === name);
  if (!effect) throw new Error(`step ${step.name} does not declare the effect ${name}`);
  context.signal.throwIfAborted();
  const key = effect.key(run);
  const before = await leased.effect(step.name, name, key);
  if (before?.state === 'done') return shape.parse(before.result);
  if (effect.kind === 'once') {
    if (before === undefined) {
      await leased.append([{ kind: 'effect:intent', data: { name, key }, message: `about to do ${name}` }]);
      // The answer tells of every cancel that was taken before this intent: then it is not done.
      abort.throwIfAsked();
    } else {
      const found = await reconciled(effect, context, key, shape);
      if (found !== undefined) {
        await leased.append([doneEntry(name, key, found.result, true)]);
        return found.result;
      }
    }
  }
  const here = { run: run.id, step: step.name, effect: name };
  await faults.at('runs:effect:intended', here);
  await leased.makeSure();
  context.signal.throwIfAborted();
  let result: T;
  try {
    result = await act(key);
  } catch (error) {
    const there = await thereThoughRefused(effect, context, key, shape, error);
    if (there === undefined) throw error;
    await leased.append([doneEntry(name, key, there.result, true)]);
    return there.result;
  }
  await faults.at('runs:effect:acted', here);
  await leased.append([doneEntry(name, key, result, false)]);
  await faults.at('runs:effect:recorded', here);
  return result;
}

/** Whoever was away is not the one to tell how things stand: another may have said more meanwhile. */
async function tell<T>({ leased, step, tells, faults, abort }: ContextParts, name: string, say: () => Promise<T>) {
  if (!tells.some((declared) => declared.name === name))
    throw new Error(`${step.name} does not declare that it tells ${name}`);
  const here = { run: leased.hold.run, step: step.name, effect: name };
  await faults.at('runs:tell:intended', here);
  await leased.makeSure();
  abort.throwIfAsked();
  const said = await say();
  await faults.at('runs:tell:acted', here);
  return said;
}

async function reconciled<T>(
  effect: Extract<Effect, { kind: 'once' }>,
  context: StepContext,
  key: string,
  shape: Shape<T>,
): Promise<{ readonly result: T } | undefined> {
  const found = await effect.reconcile(context, key);
  if (found.found === 'absent') return undefined;
  if (found.found === 'present') return { result: shape.parse(found.result) };
  throw new PlanwardenError('EFFECT_DOUBLE', `${effect.name} was found more than once: ${found.message}`, {
    remedy: 'Look at the target and remove what is there twice, then ask again.',
    failure: 'needs_human',
  });
}

/**
 * What a target refuses for good may be there already: of two workers that race the later one is refused, or an earlier
 * request of ours took effect late. What cannot be told now leaves the refusal as it is.
 * @throws PlanwardenError EFFECT_DOUBLE
 */
async function thereThoughRefused<T>(
  effect: Effect,
  context: StepContext,
  key: string,
  shape: Shape<T>,
  refusal: unknown,
): Promise<{ readonly result: T } | undefined> {
  if (effect.kind !== 'once' || context.signal.aborted) return undefined;
  if (!isPlanwardenError(refusal) || refusal.failure !== 'final' || refusal.code === 'LEASE_LOST') return undefined;
  try {
    return await reconciled(effect, context, key, shape);
  } catch (error) {
    if (isPlanwardenError(error) && error.code === 'EFFECT_DOUBLE') throw error;
    return undefined;
  }
}

function doneEntry(name: string, key: string, result: unknown, isReconciled: boolean): RunEventEntry {
  return {
    kind: 'effect:done',
    data: { name, key, result, reconciled: isReconciled },
    message: isReconciled ? `${name} had been done before` : `did ${name}`,
  };
}
