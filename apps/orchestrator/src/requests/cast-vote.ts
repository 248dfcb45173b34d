import { voteChallenge } from '@planwarden/approvals';
import { type Person, PlanwardenError, type Presence, type Vote, type VoteRequest } from '@planwarden/contracts';
import type { Bell } from '@planwarden/runs';
import type { ChangeServices } from '../change/change.services.js';
import { outputsOf } from '../change/confirm-ports.js';
import { refusalFor } from '../change/votes.js';
import { siteOf, takePresence } from './presence.js';

/**
 * A signed-in person's vote on the subject the page showed.
 * @throws PlanwardenError READ_ONLY, RUN_UNKNOWN, NOT_AWAITING_APPROVAL, SUBJECT_CHANGED, VOTER_UNKNOWN, VOTER_IS_REQUESTER,
 * VOTER_LACKS_ROLE, and with an assertion PASSKEY_UNKNOWN, PASSKEY_TOO_NEW, PRESENCE_INVALID, PRESENCE_REPLAYED
 */
export async function castVote(
  services: ChangeServices,
  bell: Bell,
  id: string,
  personId: string,
  request: VoteRequest,
  host: string,
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
  const refusal = await refusalFor(services, run, outputsOf(services, run), person, request.decision);
  if (refusal) throw new PlanwardenError(refusal.code, refusal.message, { remedy: 'Another person has to vote.' });
  const presence = await presenceOf(services, run.id, person, request, host);
  const vote = await services.votes.cast({
    run: run.id,
    round: run.round,
    subjectDigest: request.subjectDigest,
    decision: request.decision,
    person: { id: person.id, githubId: person.github.id },
    reason: request.reason,
    ...(presence === undefined ? {} : { presence }),
  });
  await services.runs.wake(run.id);
  await bell.ring(run.id);
  return vote;
}

/** An assertion names the subject and nothing else, so it can only approve; a reject needs none. */
async function presenceOf(
  services: ChangeServices,
  run: string,
  person: Person,
  { decision, subjectDigest, presence }: VoteRequest,
  host: string,
): Promise<Presence | undefined> {
  if (presence === undefined) return undefined;
  if (decision === 'approve') {
    return takePresence(services, run, person, siteOf(host), presence, voteChallenge(subjectDigest));
  }
  throw new PlanwardenError('INPUT_INVALID', 'a reject takes no assertion', {
    where: { field: 'presence' },
    remedy: 'Leave presence out.',
  });
}
