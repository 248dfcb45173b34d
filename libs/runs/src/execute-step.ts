import { isPlanwardenError, PlanwardenError } from '@planwarden/contracts';
import type { Step, StepContext, StepOutcome } from './step.js';
import type { StepAbort } from './step-abort.js';

/** Thrown into a step that somebody wants canceled: what it then throws itself says nothing more. */
export class CanceledWhileRunning extends Error {
  override readonly name = 'CanceledWhileRunning';
}

export interface StepTimes {
  /** Longest time of one execution in milliseconds, where the step names none. */
  readonly deadlineMs: number;
  /** How long a step that was told to stop may take for it; then it is left alone, and its fence with it. */
  readonly graceMs: number;
}

/**
 * Executes a step within its time.
 * @throws as `withinTime`
 */
export async function executeStep(
  step: Step,
  context: StepContext,
  abort: StepAbort,
  times: StepTimes,
): Promise<StepOutcome> {
  return checked(step, await withinTime(step, abort, times, () => step.execute(context)));
}

/**
 * Does something of a step within that step's time. What is told to stop and does not is no longer waited for: whatever it
 * still writes is refused by its fence.
 * @throws what was thrown; the reason for which it was told to stop
 */
export async function withinTime<T>(
  step: Step,
  abort: StepAbort,
  times: StepTimes,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = setTimeout(
    () => abort.abort(timedOut(step), { now: true }),
    Math.min(step.deadlineMs ?? times.deadlineMs, 2 ** 31 - 1),
  );
  let grace: NodeJS.Timeout | undefined;
  let unhear: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    unhear = abort.onStop(() => {
      grace = setTimeout(() => reject(abort.stoppedBy), times.graceMs);
    });
  });
  try {
    return await Promise.race([begin(work), givenUp]);
  } catch (error) {
    if (isPlanwardenError(error) && error.code === 'LEASE_LOST') throw error;
    throw abort.stoppedBy ?? error;
  } finally {
    clearTimeout(deadline);
    clearTimeout(grace);
    unhear?.();
  }
}

/** Work that throws at once and work that rejects are the same. */
async function begin<T>(work: () => Promise<T>): Promise<T> {
  return work();
}

const KINDS: readonly StepOutcome['kind'][] = ['done', 'wait', 'new-round', 'back', 'end'];

function checked(step: Step, outcome: unknown): StepOutcome {
  const kind = typeof outcome === 'object' && outcome !== null && 'kind' in outcome ? outcome.kind : undefined;
  if ((KINDS as readonly unknown[]).includes(kind)) return outcome as StepOutcome;
  throw new Error(`step ${step.name} answered nothing that is an outcome`);
}

const timedOut = (step: Step): PlanwardenError =>
  new PlanwardenError('STEP_TIMED_OUT', `step ${step.name} did not end within its time`, {
    remedy: 'It is tried again by itself; look at what it waits for outside if it stays so.',
    failure: 'retryable',
  });
