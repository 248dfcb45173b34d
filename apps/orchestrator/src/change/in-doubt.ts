import type { PlanwardenError } from '@planwarden/contracts';
import type { RunRecord, StepOutcome } from '@planwarden/runs';
import type { ChangeServices } from './change.services.js';
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

/** Whether an effect of this round that an Approval releases was begun, done or not. */
export async function releaseBegan({ runs }: ChangeServices, run: RunRecord): Promise<boolean> {
  const told = await Promise.all(
    RELEASED.map(([step, name]) => runs.effectTold(run.id, 'effect:intent', { step, name, round: run.round })),
  );
  return told.some((at) => at !== null);
}

/** Something may have been released, and what became of it cannot be told: "nothing was changed" would be a lie. */
export function inDoubt({ code, message, remedy, failure }: PlanwardenError): StepOutcome {
  if (failure !== 'retryable') return end('apply_failed', code, message, remedy);
  if (code !== 'STATE_LOCKED') return { kind: 'wait', reason: 'outside_down', message, forMs: AGAIN_MS };
  return {
    ...{ kind: 'wait', reason: 'lock', forMs: AGAIN_MS },
    message:
      'an apply of this run was begun, and somebody holds the lock of its state: nothing is tried until it is free',
  };
}
