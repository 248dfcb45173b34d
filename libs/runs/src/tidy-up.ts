import { type EndState, type ErrorBody, isPlanwardenError, type Log, PlanwardenError } from '@planwarden/contracts';
import type { Pipeline, StepContext } from './step.js';
import { StepAbort } from './step-abort.js';

/** Longest time for tidying up before an end. */
const TIDY_MS = 60_000;

/**
 * Lets a pipeline tidy the outside before an end is journaled. Its failure is logged and changes nothing of the end.
 * @param contextFor what the tidying gets, told to stop through the given abort
 * @throws PlanwardenError LEASE_LOST
 */
export async function tidyUp(
  pipeline: Pipeline,
  end: { readonly state: EndState; readonly error: ErrorBody | null },
  contextFor: (abort: StepAbort) => StepContext,
  log: Log,
): Promise<void> {
  if (pipeline.beforeEnd === undefined) return;
  const abort = new StepAbort();
  const tooLong = setTimeout(() => abort.abort(timedOut(), { now: true }), TIDY_MS);
  const givenUp = new Promise<never>((_, reject) => {
    abort.onStop(() => reject(abort.stoppedBy));
  });
  const context = contextFor(abort);
  try {
    await Promise.race([pipeline.beforeEnd.tidy(context, end), givenUp]);
  } catch (failure) {
    if (isPlanwardenError(failure) && failure.code === 'LEASE_LOST') throw failure;
    const code = isPlanwardenError(failure) ? failure.code : 'INTERNAL';
    const fields = { run: context.run.id, state: end.state, code };
    log.warn({ ...fields, ...(code === 'INTERNAL' ? { err: failure } : {}) }, 'tidying up failed');
  } finally {
    clearTimeout(tooLong);
  }
}

const timedOut = (): PlanwardenError =>
  new PlanwardenError('STEP_TIMED_OUT', 'tidying up before the end did not end within its time', {
    remedy: 'Look at what the run left on the outside; the run itself has ended.',
  });
