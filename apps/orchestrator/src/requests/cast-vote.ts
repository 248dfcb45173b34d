import { PlanwardenError, type Vote, type VoteRequest } from '@planwarden/contracts';
import type { Bell } from '@planwarden/runs';
import type { ChangeServices } from '../change/change.services.js';
import { outputsOf, refusalFor } from '../change/confirm-ports.js';

/**
 * A signed-in person's vote on the subject the page showed.
 * @throws PlanwardenError READ_ONLY, RUN_UNKNOWN, NOT_AWAITING_APPROVAL, SUBJECT_CHANGED, VOTER_UNKNOWN, VOTER_IS_REQUESTER,
 * VOTER_LACKS_ROLE
 */
export async function castVote(
  services: ChangeServices,
  bell: Bell,
  id: string,
  personId: string,
  request: VoteRequest,
): Promise<Vote> {
  services.config.assertWritable();
  const run = await services.runs.get(id);
  if (run.ended || run.state !== 'awaiting_approval') {
    throw new PlanwardenError('NOT_AWAITING_APPROVAL', `the run is ${run.state}: nobody is asked now`, {
      where: { field: 'run' },
      remedy: 'Look at the run; vote when it awaits approval.',
    });
  }
  const person = services.config.person(personId);
  if (!person) {
    throw new PlanwardenError('VOTER_UNKNOWN', 'you are no longer among the people of planwarden.yaml', {
      remedy: 'Ask the operator.',
    });
  }
  const refusal = await refusalFor(services, run, outputsOf(services, run), person);
  if (refusal) throw new PlanwardenError(refusal.code, refusal.message, { remedy: 'Another person has to vote.' });
  const vote = await services.votes.cast({
    run: run.id,
    round: run.round,
    subjectDigest: request.subjectDigest,
    decision: request.decision,
    person: { id: person.id, githubId: person.github.id },
    reason: request.reason,
  });
  await services.runs.wake(run.id);
  await bell.ring(run.id);
  return vote;
}
