import { isPlanwardenError, PlanwardenError, type TerraformPlan, type TerraformTarget } from '@planwarden/contracts';
import type { Reconciled } from '@planwarden/runs';
import type { ChangeServices } from '../change.services.js';
import { planAtCommit, stateOf } from './plan-stack.js';

/**
 * Asks the state what an earlier attempt to apply did. The state it was planned on: nothing. Another state on which the
 * same files plan no change: it was applied. Anything else is in doubt, and never tried again by itself.
 * @throws PlanwardenError EFFECT_IN_DOUBT (needs a person); STATE_LOCKED (retryable) while somebody works on the state,
 * who may be an earlier worker of ours: what it leaves is not to be seen yet
 */
export async function findApply(
  services: Pick<ChangeServices, 'sourceControl' | 'terraform'>,
  target: TerraformTarget,
  planned: TerraformPlan,
  commit: string,
  signal: AbortSignal,
): Promise<Reconciled> {
  const isAsPlanned = ({ lineage, serial }: TerraformPlan['state']): boolean =>
    lineage === planned.state.lineage && serial === planned.state.serial;
  let plan: TerraformPlan;
  try {
    // Also where the state looks untouched: a plan takes the lock of the state, so no apply is under way beside it.
    ({ plan } = await planAtCommit(services, target, commit, signal));
  } catch (error) {
    if (isPlanwardenError(error) && error.failure === 'final' && isAsPlanned(await stateOf(services, target))) {
      return { found: 'absent' };
    }
    throw error;
  }
  if (isAsPlanned(plan.state)) return { found: 'absent' };
  const { create, update, delete: remove, replace } = plan.summary;
  const { lineage, serial } = plan.state;
  if (create + update + remove + replace === 0) return { found: 'present', result: { lineage, serial } };
  throw new PlanwardenError(
    'EFFECT_IN_DOUBT',
    `the state of stack ${target.stack} went on from serial ${planned.state.serial} to ${serial}, and changes are left`,
    {
      remedy: 'An apply may have ended half-way. Look at the state and the log; plan again by a new request.',
      failure: 'needs_human',
    },
  );
}
