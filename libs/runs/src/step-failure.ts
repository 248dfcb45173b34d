import { type ErrorBody, isPlanwardenError, type Log } from '@planwarden/contracts';
import { isDatabaseAway } from '@planwarden/database';
import type { RunRecord } from './run-record.js';
import type { Step, StepOutcome } from './step.js';

export interface BackOff {
  /** Retryable failures of one step in a row before it counts as failed. */
  readonly maxAttempts: number;
  /** First back-off in milliseconds, doubled up to `maxBackOffMs`. */
  readonly backOffMs: number;
  readonly maxBackOffMs: number;
  readonly log: Log;
}

/**
 * What becomes of a step that threw. Classified once, here: retryable waits and tries again, everything else ends the run.
 * @throws the error itself where the lease is lost: that says nothing about the step
 */
export function failureOutcome(
  error: unknown,
  step: Step,
  { run, attempts }: { readonly run: RunRecord; readonly attempts: number },
  { maxAttempts, backOffMs, maxBackOffMs, log }: BackOff,
): StepOutcome {
  if (isPlanwardenError(error) && error.code === 'LEASE_LOST') throw error;
  const fields = { run: run.id, round: run.round, step: step.name, attempt: attempts + 1 };
  const isRetryable = isPlanwardenError(error) ? error.failure === 'retryable' : isDatabaseAway(error);
  if (isRetryable && attempts + 1 < maxAttempts) {
    const message = isPlanwardenError(error) ? error.message : 'the database cannot be reached';
    log.warn({ ...fields, code: isPlanwardenError(error) ? error.code : 'DATABASE_UNAVAILABLE' }, message);
    const forMs = Math.min(backOffMs * 2 ** Math.min(attempts, 20), maxBackOffMs);
    return { kind: 'wait', reason: 'outside_down', message, forMs };
  }
  if (!isPlanwardenError(error)) log.error({ ...fields, err: error }, 'a step failed in a way we did not expect');
  const body = bodyOf(error);
  log.warn({ ...fields, code: body.code }, 'a step failed');
  return { kind: 'end', state: step.failsAs ?? 'errored', error: body, message: body.message };
}

function bodyOf(error: unknown): ErrorBody {
  if (isPlanwardenError(error)) return error.toBody();
  return {
    code: 'INTERNAL',
    message: 'something went wrong on our side',
    remedy: 'Look into the log of the orchestrator under this run id.',
  };
}
