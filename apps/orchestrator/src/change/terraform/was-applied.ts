import { type Plan, PlanwardenError, type Target } from '@planwarden/contracts';
import type { RunRecord } from '@planwarden/runs';
import type { ChangeServices } from '../change.services.js';
import { terraformPlan } from '../of-kind.js';
import { findApply } from './find-apply.js';

/**
 * Whether this round's apply took effect: what the journal recorded, and where it only knows the intent, what the state
 * says. @throws PlanwardenError EFFECT_IN_DOUBT
 */
export async function wasApplied(
  services: ChangeServices,
  run: RunRecord,
  target: Target,
  plan: Plan,
  commit: string,
): Promise<boolean> {
  if (target.kind !== 'terraform') return false;
  const recorded = await services.runs.effect(run.id, 'apply', 'apply', applyKey(run));
  if (recorded === null) return false;
  if (recorded === 'done') return true;
  // Of one in GitHub Actions, confirm has asked before: what was started is waited for, never confirmed again.
  if (target.terraform.runner === 'actions') return false;
  const signal = AbortSignal.timeout(600_000);
  const found = await findApply(services, target, terraformPlan(plan), commit, signal);
  if (found.found === 'double') throw doubt(found.message);
  return found.found === 'present';
}

/** Key of the effect: one apply a round. */
export const applyKey = ({ id, round }: Pick<RunRecord, 'id' | 'round'>): string => `planwarden/${id}/${round}#apply`;

const doubt = (message: string): PlanwardenError =>
  new PlanwardenError('EFFECT_IN_DOUBT', message, { remedy: 'Look at the state.', failure: 'needs_human' });
