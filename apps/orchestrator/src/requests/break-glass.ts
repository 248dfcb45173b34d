import { breakGlassChallenge, isPasskeyValid } from '@planwarden/approvals';
import { type BreakGlass, type breakGlassRequestSchema, type Person, PlanwardenError } from '@planwarden/contracts';
import { requireOk } from '@planwarden/mcp-client';
import type { Bell, RunRecord } from '@planwarden/runs';
import type { z } from 'zod';
import { pullRequestRecord } from '../change/change.records.js';
import type { ChangeServices } from '../change/change.services.js';
import { outputsOf } from '../change/confirm-ports.js';
import { refusalFor } from '../change/votes.js';
import { siteOf, takePresence } from './presence.js';

type Asked = z.output<typeof breakGlassRequestSchema>;

/**
 * Breaks the glass for one run: its freeze, and the demands of roles and CODEOWNERS, are lifted for so many minutes.
 * The number of votes, presence, who may vote, policy and every comparison of confirm stand (ADR 0015).
 * It is said on the pull request first: what cannot be said there is not done.
 * @throws PlanwardenError READ_ONLY, RUN_UNKNOWN, NOT_AWAITING_APPROVAL, SUBJECT_CHANGED, VOTER_*, ASSURANCE_TOO_LOW,
 * what `takePresence` throws, OUTSIDE_UNAVAILABLE
 */
export async function breakGlass(
  services: ChangeServices,
  bell: Bell,
  id: string,
  person: Person,
  asked: Asked,
  host: string,
): Promise<BreakGlass> {
  services.config.assertWritable();
  const run = await services.runs.get(id);
  if (run.ended || run.state !== 'awaiting_approval') {
    throw new PlanwardenError('NOT_AWAITING_APPROVAL', `the run is ${run.state}: there is nothing to except`, {
      where: { field: 'run' },
      remedy: 'Look at the run; break the glass when it awaits approval.',
    });
  }
  const refusal = await refusalFor(services, run, outputsOf(services, run), person);
  if (refusal) throw new PlanwardenError(refusal.code, refusal.message, { remedy: 'Somebody who may vote on it can.' });
  const stored = await services.subjects.find(run.id, run.round);
  if (stored?.digest !== asked.subjectDigest) throw changed();
  await assertPresent(services, person, asked);
  const presence = asked.presence
    ? await takePresence(services, run.id, person, siteOf(host), asked.presence, breakGlassChallenge(stored.digest))
    : null;
  await sayOnPullRequest(services, run, person, asked);
  const { subjectDigest, reason, minutes } = asked;
  const glass = await services.breakGlass.add({
    ...{ run: run.id, round: run.round, subjectDigest, person: person.id, reason, minutes, presence },
  });
  services.log.warn({ run: run.id, by: person.id, until: glass.until, glass: glass.id }, 'the glass was broken');
  await services.runs.wake(run.id);
  await bell
    .ring(run.id)
    .catch((error: unknown) => services.log.warn({ run: run.id, err: error }, 'the bell did not ring'));
  return glass;
}

/** Who has a passkey uses it here. */
async function assertPresent({ passkeys }: ChangeServices, person: Person, { presence }: Asked): Promise<void> {
  await passkeys.noteOperators([person]);
  const has = (await passkeys.ofPerson(person.id)).some((passkey) => isPasskeyValid(passkey, person));
  if (!has || presence !== undefined) return;
  throw new PlanwardenError('ASSURANCE_TOO_LOW', 'you have a passkey: breaking the glass takes it', {
    where: { field: 'presence' },
    remedy: 'Use your passkey on the page.',
  });
}

async function sayOnPullRequest(services: ChangeServices, run: RunRecord, person: Person, asked: Asked): Promise<void> {
  const { number } = await outputsOf(services, run)('open-pull-request', pullRequestRecord);
  const target = services.config.target(run.target);
  const { owner, name: repo } = target.repository;
  const words = [
    `**The glass was broken** for run ${run.id}, round ${run.round}, by ${person.id}, for ${asked.minutes} minutes.`,
    'Its freeze, and the demands of roles and CODEOWNERS, do not hold it meanwhile. Votes, policy and plan do.',
    // Indented: whatever a person writes is shown, not rendered.
    ...asked.reason.split('\n').map((line) => `    ${line.replaceAll('@', '@\u200b')}`),
  ];
  const answer = await services.gateway.call({
    server: 'github',
    tool: 'add_issue_comment',
    args: { owner, repo, issue_number: number, body: words.join('\n\n') },
    run: run.id,
    step: 'await-approval',
    target,
    signal: AbortSignal.timeout(15_000),
  });
  requireOk(answer, 'say on the pull request that the glass was broken');
}

const changed = (): PlanwardenError =>
  new PlanwardenError('SUBJECT_CHANGED', 'the page showed another subject than the one now asked about', {
    where: { field: 'subjectDigest' },
    remedy: 'Load the run again and read what changed.',
  });
