import { type FaultPoints, type Log, PlanwardenError } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { appendUnderLease, type LeaseHold } from './journal.js';
import { giveLock, handOnLock, pinLock, takeLock } from './locks.js';
import type { RunRecord, RunStore } from './run.repository.js';
import type { RunEventEntry } from './run-event.js';
import type { Effect, Shape, Step, StepContext } from './step.js';

export interface ContextParts {
  readonly pool: pg.Pool;
  readonly store: RunStore;
  readonly hold: LeaseHold;
  readonly run: RunRecord;
  readonly step: Step;
  readonly carry: Map<string, unknown>;
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly faults: FaultPoints;
}

/** What a step gets. Everything it writes goes through the lease's fence. */
export function stepContext(parts: ContextParts): StepContext {
  const { pool, store, hold, run, step } = parts;
  const append = (...entries: RunEventEntry[]) =>
    withTransaction(pool, (client) => appendUnderLease(client, hold, entries));
  const outputIfAny = async <T>(name: string, shape: Shape<T>): Promise<T | undefined> => {
    const found = await store.output(run.id, name, run.round);
    return found === undefined ? undefined : shape.parse(found);
  };
  const context: StepContext = {
    run,
    fence: hold.fence,
    signal: parts.signal,
    log: parts.log,
    carry: parts.carry,
    outputIfAny,
    output: async (name, shape) => {
      const found = await outputIfAny(name, shape);
      if (found === undefined) throw new Error(`step ${step.name} needs the output of ${name}, which has none`);
      return found;
    },
    effect: (name, shape, act) => runEffect(parts, context, append, name, shape, act),
    note: (message, data) => append({ kind: 'note', data: data ?? null, message }),
    takeLock: (name, demand = {}) => takeLock(pool, hold, name, demand),
    giveLock: (name) => giveLock(pool, hold, name),
    pinLock: (name) => pinLock(pool, hold, name),
    handOnLock: (name, afterSeconds) => handOnLock(pool, hold, name, afterSeconds),
  };
  return context;
}

/** Intent, act, record. An intent found from before means doubt: the target is asked first. */
async function runEffect<T>(
  parts: ContextParts,
  context: StepContext,
  append: (...entries: RunEventEntry[]) => Promise<void>,
  name: string,
  shape: Shape<T>,
  act: (key: string) => Promise<T>,
): Promise<T> {
  const effect = parts.step.effects.find((declared) => declared.name === name);
  if (!effect) throw new Error(`step ${parts.step.name} does not declare the effect ${name}`);
  const key = effect.key(parts.run);
  const before = await earlier(parts, name, key);
  if (before?.state === 'done') return shape.parse(before.result);
  if (effect.kind === 'once') {
    if (before === undefined) {
      await append({ kind: 'effect:intent', data: { name, key }, message: `about to do ${name}` });
    } else {
      const found = await reconciled(effect, context, key, shape);
      if (found !== undefined) {
        await append(doneEntry(name, key, found.result, true));
        return found.result;
      }
    }
  }
  await parts.faults.at('runs:effect:intended');
  const result = await act(key);
  await parts.faults.at('runs:effect:acted');
  await append(doneEntry(name, key, result, false));
  await parts.faults.at('runs:effect:recorded');
  return result;
}

async function earlier(
  { pool, run, step }: ContextParts,
  name: string,
  key: string,
): Promise<{ state: 'intent' | 'done'; result: unknown } | undefined> {
  const found = await pool.query<{ state: 'intent' | 'done'; result: unknown }>(
    'SELECT state, result FROM run_effects WHERE run = $1 AND step = $2 AND name = $3 AND key = $4',
    [run.id, step.name, name, key],
  );
  return found.rows[0];
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

function doneEntry(name: string, key: string, result: unknown, isReconciled: boolean): RunEventEntry {
  return {
    kind: 'effect:done',
    data: { name, key, result, reconciled: isReconciled },
    message: isReconciled ? `${name} had been done before` : `did ${name}`,
  };
}
