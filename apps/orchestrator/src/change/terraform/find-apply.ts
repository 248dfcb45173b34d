import { PlanwardenError, type TerraformPlan, type TerraformTarget } from '@planwarden/contracts';
import type { Reconciled } from '@planwarden/runs';
import type { ChangeServices } from '../change.services.js';
import { planAtCommit, stateOf } from './plan-stack.js';

/**
 * Asks the state what an earlier attempt to apply did. The state it was planned on: nothing. Another state on which the
 * same files plan no change: it was applied. Anything else is in doubt, and never tried again by itself.
 * @throws PlanwardenError EFFECT_IN_DOUBT (needs a person)
 */
export async function findApply(
  services: Pick<ChangeServices, 'sourceControl' | 'terraform'>,
  target: TerraformTarget,
  planned: TerraformPlan,
  commit: string,
  signal: AbortSignal,
): Promise<Reconciled> {
  const { lineage, serial } = await stateOf(services, target);
  if (lineage === planned.state.lineage && serial === planned.state.serial) return { found: 'absent' };
  const { plan } = await planAtCommit(services, target, commit, signal);
  const { create, update, delete: remove, replace } = plan.summary;
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
