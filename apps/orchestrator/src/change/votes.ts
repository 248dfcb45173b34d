import { checkPresence, personRefusal, rejectRefusal, tallyVotes } from '@planwarden/approvals';
import type { Person, Tally, Vote } from '@planwarden/contracts';
import type { RunRecord } from '@planwarden/runs';
import { foreignAuthors, votesFromComments, votesFromReviews, withGone } from '@planwarden/source-control';
import { checkPlanRecord, evidenceRecord, pullRequestRecord } from './change.records.js';
import type { ChangeServices } from './change.services.js';
import type { ReadOutput } from './confirm-ports.js';

/** Who voted how on the subject of this round, read at GitHub and in our own table, counted now. */
export async function currentTally(services: ChangeServices, run: RunRecord, output: ReadOutput): Promise<Tally> {
  const evidence = await output('publish-evidence', evidenceRecord);
  const { quorum, demands } = await output('check-plan', checkPlanRecord);
  return tallyVotes({
    subjectDigest: evidence.subjectDigest,
    ...(await readVotes(services, run, output, evidence.subjectDigest, evidence.evidenceSha)),
    people: services.config.people(),
    target: services.config.target(run.target),
    requester: run.requester,
    ...(await readVoters(services, run, output)),
    quorum,
    demands,
    breakGlass: await services.breakGlass.running(evidence.subjectDigest),
    earlierDigests: await services.subjects.earlierDigests(run.id, run.round),
  });
}

/** Why this person may not vote so or so on this round's subject, in words; null when they may. */
export async function refusalsFor(services: ChangeServices, run: RunRecord, output: ReadOutput, person: Person) {
  const input = {
    people: services.config.people(),
    target: services.config.target(run.target),
    requester: run.requester,
    ...(await readVoters(services, run, output)),
  };
  return { approve: personRefusal(person, input), reject: rejectRefusal(person, input) };
}

/** The same, of one decision. */
export async function refusalFor(
  services: ChangeServices,
  run: RunRecord,
  output: ReadOutput,
  person: Person,
  decision: Vote['decision'] = 'approve',
) {
  return (await refusalsFor(services, run, output, person))[decision];
}

/**
 * Votes of all roads on the subject of this round; those refused where they were read come apart. A reject that was seen
 * stays a vote though it is gone from GitHub: only a later vote of its writer takes it back.
 */
export async function readVotes(
  services: ChangeServices,
  run: RunRecord,
  output: ReadOutput,
  subjectDigest: string,
  evidenceSha: string,
) {
  const { number } = await output('open-pull-request', pullRequestRecord);
  const github = services.sourceControl(services.config.target(run.target));
  const people = services.config.people();
  const earlierDigests = await services.subjects.earlierDigests(run.id, run.round);
  const [reviews, comments] = [await github.reviews(number), await github.comments(number)];
  const isDismissed = reviews.some(({ state }) => state === 'DISMISSED');
  const dismissals = isDismissed ? await github.dismissals(number) : [];
  const atGitHub = [
    votesFromReviews({ reviews, dismissals, evidenceSha, subjectDigest, people }),
    votesFromComments({ comments, subjectDigest, earlierDigests, people }),
  ];
  const inPages = await checkPresence(services.passkeys, run.id, await services.votes.list(run.id, run.round), people);
  const told = atGitHub.flatMap((one) => one.votes);
  const seen = await services.seenRejects.keep(
    run.id,
    run.round,
    told.filter((vote) => vote.person !== null && vote.subjectDigest === subjectDigest),
  );
  const { votes, gone } = withGone({ votes: told, seen, reviews, comments, people });
  return {
    votes: [...votes, ...inPages.votes],
    uncounted: [...atGitHub, inPages].flatMap((one) => one.uncounted),
    gone,
  };
}

/** Who wrote the change, and who never votes. */
export async function readVoters(services: ChangeServices, run: RunRecord, output: ReadOutput) {
  const pull = await output('open-pull-request', pullRequestRecord);
  const { evidenceSha } = await output('publish-evidence', evidenceRecord);
  const github = services.sourceControl(services.config.target(run.target));
  const { commits } = await github.compare(pull.baseSha, evidenceSha);
  const pushers = (await github.pushers(pull.branch)).filter((id) => id === null || !services.botIds.includes(id));
  const ours = [...pull.ourCommits, evidenceSha];
  const shared = commits.flatMap(({ sha, sharedNodeId }) => (ours.includes(sha) ? [] : (sharedNodeId ?? [])));
  return {
    authors: foreignAuthors(commits, ours, [...pushers, ...(await github.coAuthors(shared))]),
    agents: { ids: services.config.agents().map((agent) => agent.id), githubIds: [] },
    bots: { githubIds: services.botIds },
  };
}
