import { isPlanwardenError, type PlanwardenError } from '@planwarden/contracts';
import type { RunRecord, StepContext, StepOutcome } from '@planwarden/runs';
import type { ChangeServices } from './change.services.js';
import { backOff } from './look-again.js';
import { end } from './outcomes.js';
import { START_APPLY } from './terraform/actions/apply-in-actions.js';

/** Milliseconds until what could not be told is asked again. */
const AGAIN_MS = 15_000;

/** Effects that an Approval releases, by their steps. */
const RELEASED = [
  ['apply', START_APPLY],
  ['apply', 'apply'],
  ['merge', 'merge'],
] as const;

/** When an effect of this round that an Approval releases was begun, done or not; null: none was. */
export async function releaseBegan({ runs }: ChangeServices, run: RunRecord): Promise<Date | null> {
  const told = await Promise.all(
    RELEASED.map(([step, name]) => runs.effectTold(run.id, 'effect:intent', { step, name, round: run.round })),
  );
  return told.find((at) => at !== null) ?? null;
}

/**
 * Something may have been released, and what became of it cannot be told: "nothing was changed" would be a lie. Only what
 * the outside says ends the run. An error of ours that nobody expected says nothing about it: the run waits, with its
 * locks, for a release of Planwarden or an operator that mends it.
 */
export async function inDoubt(
  services: ChangeServices,
  { run, log }: Pick<StepContext, 'run' | 'log'>,
  { error, began }: { readonly error: unknown; readonly began: Date },
): Promise<StepOutcome> {
  if (isPlanwardenError(error)) return untold(error);
  log.error({ run: run.id, round: run.round, step: 'confirm', err: error }, 'what was released could not be asked for');
  return {
    ...{ kind: 'wait', reason: 'in_doubt', forMs: await pauseMs(services, run, began) },
    message:
      'a release of this run was begun, and something went wrong on our side while asking what became of it: look into the log of the orchestrator under this run id; nothing is released again meanwhile, and its locks stay',
  };
}

/** The pauses double; where not even the time can be told, it is asked again soon. */
async function pauseMs({ fresh, poll }: ChangeServices, run: RunRecord, began: Date): Promise<number> {
  try {
    const age = (await fresh(run.target).now()).getTime() - began.getTime();
    return backOff(age, { firstMs: Math.min(AGAIN_MS, poll.firstMs), longestMs: poll.longestMs });
  } catch {
    return AGAIN_MS;
  }
}

function untold({ code, message, remedy, failure }: PlanwardenError): StepOutcome {
  if (failure !== 'retryable') return end('apply_failed', code, message, remedy);
  if (code !== 'STATE_LOCKED') return { kind: 'wait', reason: 'outside_down', message, forMs: AGAIN_MS };
  return {
    ...{ kind: 'wait', reason: 'lock', forMs: AGAIN_MS },
    message:
      'an apply of this run was begun, and somebody holds the lock of its state: nothing is tried until it is free',
  };
}
