import { lacksRole } from '@planwarden/approvals';
import { mayVoteIn, type Person, PlanwardenError } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';

/**
 * A person's word that what a failed apply left was looked at. Whoever may vote in the environment may give
 * it; the journal of the run names them.
 * @returns names of the locks
 * @throws PlanwardenError READ_ONLY, RUN_UNKNOWN, VOTER_LACKS_ROLE, LOCK_NOT_KEPT
 */
export async function releaseLocks(
  services: Pick<ChangeServices, 'config' | 'runs' | 'locks'>,
  id: string,
  person: Person,
  reason: string,
): Promise<string[]> {
  services.config.assertWritable();
  const run = await services.runs.get(id);
  if (!mayVoteIn(person, run.environment)) {
    const { code, message } = lacksRole(run.environment);
    throw new PlanwardenError(code, message, {
      where: { field: 'run' },
      remedy: 'Ask somebody who may vote there.',
    });
  }
  return services.locks.releaseKept(run.id, { by: `person:${person.id}`, reason });
}
