import {
  type BreakGlass,
  type Demands,
  type ErrorCode,
  mayVoteIn,
  NO_DEMANDS,
  type Person,
  type Requester,
  type Tally,
  type Target,
  type UncountedVote,
  type Vote,
} from '@planwarden/contracts';
import { missingDemands } from './demands.js';
import { ASSURANCE_RANK, isApproval, standingVote } from './standing-vote.js';

/** Who wrote the commits of base...head that our journal did not make, by GitHub numeric id. */
export interface Authors {
  readonly githubIds: readonly number[];
  /** True when one commit maps to no GitHub account: then no vote counts. */
  readonly unknown: boolean;
}

export interface TallyInput {
  readonly subjectDigest: string;
  readonly votes: readonly Vote[];
  /** Votes already refused where they were read (a review of another commit, a bot); carried into the tally. */
  readonly uncounted?: readonly UncountedVote[];
  /** References of votes that are no longer where they were given. */
  readonly gone?: readonly string[];
  readonly people: readonly Person[];
  readonly target: Pick<Target, 'environment' | 'leastAssurance'>;
  readonly requester: Requester;
  /** Agents' principal ids, and GitHub ids under which agents, Apps and other bots act. */
  readonly agents: { readonly ids: readonly string[]; readonly githubIds: readonly number[] };
  readonly bots: { readonly githubIds: readonly number[] };
  readonly authors: Authors;
  readonly quorum: number;
  /** What is asked besides the number; none where not given. */
  readonly demands?: Demands;
  /** A person's exception for this subject, still running: takes the place of roles and CODEOWNERS. */
  readonly breakGlass?: BreakGlass | null;
  /** Subject digests of this run's earlier rounds, to tell an old vote from a strange one. */
  readonly earlierDigests?: readonly string[];
}

type Refusal = { readonly code: ErrorCode; readonly message: string };

/**
 * Counts the votes on a subject. A person's last vote counts once over all roads; a standing reject of one who may
 * vote blocks; a vote that does not count says why. People are matched by GitHub numeric id, never by name.
 */
export function tallyVotes(input: TallyInput): Tally {
  const uncounted: UncountedVote[] = [...(input.uncounted ?? [])];
  const byPerson = new Map<string, Vote[]>();
  for (const vote of input.votes) {
    const person = voterOf(vote, input.people);
    const refusal = refusalOf(vote, person, input);
    if (refusal || !person) uncounted.push({ vote, ...(refusal ?? unknownVoter) });
    else byPerson.set(person.id, [...(byPerson.get(person.id) ?? []), { ...vote, person: person.id }]);
  }
  const approvals: Vote[] = [];
  const rejects: Vote[] = [];
  for (const votes of byPerson.values()) {
    const { standing, unclear } = standingVote(votes);
    uncounted.push(...unclear.map((vote) => ({ vote, ...orderUnknown })));
    const refusal = isApproval(standing) ? approvalRefusal(standing, input) : null;
    if (!isApproval(standing)) rejects.push(standing);
    else if (refusal) uncounted.push({ vote: standing, ...refusal });
    else approvals.push(standing);
  }
  const counted = new Set([...approvals, ...rejects].map((vote) => vote.person));
  const mayVote = input.people
    .filter((person) => !counted.has(person.id) && personRefusal(person, input) === null)
    .map((person) => person.id);
  const demands = input.demands ?? NO_DEMANDS;
  const breakGlass = input.breakGlass ?? null;
  // Broken glass lifts who must be among the voters, never how many nor how surely.
  const held = breakGlass === null ? demands : { ...demands, roles: {}, owners: [] };
  const missing = [
    ...missingVotes(input, approvals, rejects, mayVote),
    ...missingDemands(held, { approvals, mayVote, people: input.people, environment: input.target.environment }),
  ];
  return {
    quorum: input.quorum,
    approvals,
    rejects,
    uncounted,
    reached: missing.length === 0,
    missing,
    mayVote,
    demands,
    selfApproved: approvals.flatMap(({ person }) => (isRequesterId(person, input.requester) ? [person ?? ''] : [])),
    breakGlass,
  };
}

/**
 * Why this person may not reject this subject; null when they may. Who asked and who wrote may: their no needs no other
 * eyes, and whoever forges a name into a commit must not silence the one who bears it.
 */
export function rejectRefusal(person: Person, input: Pick<TallyInput, 'target' | 'agents' | 'bots'>): Refusal | null {
  const refusal = nobodyRefusal(person, input);
  if (refusal) return refusal;
  return mayVoteIn(person, input.target.environment) ? null : lacksRole(input.target.environment);
}

/** Why this is no person who could vote either way; null when it is one. */
function nobodyRefusal(person: Person, { agents, bots }: Pick<TallyInput, 'agents' | 'bots'>): Refusal | null {
  if (agents.ids.includes(person.id) || agents.githubIds.includes(person.github.id)) return isAgent;
  return bots.githubIds.includes(person.github.id) ? isBot : null;
}

/** Why this person may not approve this subject, in words; null when they may. */
export function personRefusal(
  person: Person,
  input: Pick<TallyInput, 'people' | 'target' | 'requester' | 'agents' | 'bots' | 'authors'>,
): Refusal | null {
  if (input.authors.unknown) return authorUnknown;
  const refusal = nobodyRefusal(person, input);
  if (refusal) return refusal;
  if (isRequesterId(person.id, input.requester) && couldAnybodyElse(person, input)) return isRequester;
  if (input.authors.githubIds.includes(person.github.id)) return isAuthor;
  if (!mayVoteIn(person, input.target.environment)) return lacksRole(input.target.environment);
  return null;
}

function refusalOf(vote: Vote, person: Person | undefined, input: TallyInput): Refusal | null {
  if (vote.subjectDigest !== input.subjectDigest) {
    return input.earlierDigests?.includes(vote.subjectDigest) ? earlierRound : otherSubject;
  }
  const principal = vote.person?.replace(/^agent:/, '') ?? '';
  if (vote.person?.startsWith('agent:') || input.agents.ids.includes(principal)) return isAgent;
  if (vote.githubId !== null && input.agents.githubIds.includes(vote.githubId)) return isAgent;
  if (vote.githubId !== null && input.bots.githubIds.includes(vote.githubId)) return isBot;
  if (!person) return unknownVoter;
  // Of an approval it is asked once its writer's last vote is known: it takes back their reject all the same.
  return vote.decision === 'reject' ? rejectRefusal(person, input) : null;
}

/** Why an approval, which is its writer's last vote, does not count. */
function approvalRefusal(vote: Vote, input: TallyInput): Refusal | null {
  const person = input.people.find((one) => one.id === vote.person);
  return person ? (personRefusal(person, input) ?? assuranceRefusal(vote, input)) : unknownVoter;
}

/** A GitHub vote is whose numeric id it bears, whatever person it claims; a web vote is the signed-in person's. */
function voterOf(vote: Vote, people: readonly Person[]): Person | undefined {
  if (vote.road === 'web') {
    const person = people.find((candidate) => candidate.id === vote.person);
    return vote.githubId === null || person?.github.id === vote.githubId ? person : undefined;
  }
  const person = people.find((candidate) => candidate.github.id === vote.githubId);
  return vote.person === null || vote.person === person?.id ? person : undefined;
}

/** Why a vote is not sure enough: for its target, or because who asked may approve only with presence. */
function assuranceRefusal(vote: Vote, { target, requester }: TallyInput): Refusal | null {
  const rank = ASSURANCE_RANK[vote.assurance];
  if (isRequesterId(vote.person, requester) && rank < ASSURANCE_RANK.presence) return requesterTooLow;
  return rank < ASSURANCE_RANK[target.leastAssurance] ? tooLow(target) : null;
}

/** Whether this person asked, or the agent that did acts for them. */
export const isRequesterId = (person: string | null, { principal, onBehalfOf }: Requester): boolean =>
  person !== null && (principal === `person:${person}` || onBehalfOf === person);

/**
 * Whether anybody else in people holds a vote here. Authorship is left out on purpose: who asks cannot get rid of the
 * others by having them push a commit.
 */
function couldAnybodyElse(person: Person, input: Pick<TallyInput, 'people' | 'target' | 'agents' | 'bots'>): boolean {
  return input.people.some(
    (other) =>
      other.id !== person.id &&
      mayVoteIn(other, input.target.environment) &&
      !input.agents.ids.includes(other.id) &&
      ![...input.agents.githubIds, ...input.bots.githubIds].includes(other.github.id),
  );
}

function missingVotes(input: TallyInput, approvals: Vote[], rejects: Vote[], mayVote: string[]): string[] {
  const missing = rejects.map(
    ({ person, reference }) =>
      `${person} rejects this change; ${(input.gone ?? []).includes(reference) ? GONE : STANDS}`,
  );
  const lacking = input.quorum - approvals.length;
  if (lacking > 0) {
    const who = mayVote.length > 0 ? `may vote: ${mayVote.join(', ')}` : 'nobody who could vote is left';
    missing.push(`${lacking} more approving ${lacking === 1 ? 'vote' : 'votes'} of ${input.quorum}; ${who}`);
  }
  return missing;
}

const STANDS = 'the reject stands until withdrawn';
const GONE = 'the reject was deleted, and stands until they vote otherwise themselves';

const isRequester: Refusal = {
  code: 'VOTER_IS_REQUESTER',
  message: 'whoever asked for a change, or for whom an agent asked, does not vote on it',
};
const requesterTooLow: Refusal = {
  code: 'ASSURANCE_TOO_LOW',
  message: 'whoever asked approves only with a passkey, and only because nobody else in people could',
};
const unknownVoter: Refusal = { code: 'VOTER_UNKNOWN', message: 'the vote belongs to nobody in people' };
const isAgent: Refusal = { code: 'VOTER_IS_AGENT', message: 'an agent never votes, least of all on its own change' };
const isBot: Refusal = { code: 'VOTER_IS_BOT', message: 'bots and apps never vote' };
const isAuthor: Refusal = {
  code: 'VOTER_IS_AUTHOR',
  message: 'whoever wrote, committed or pushed a commit of this change does not vote on it',
};
const authorUnknown: Refusal = {
  code: 'AUTHOR_UNKNOWN',
  message: 'a commit of this change belongs to no GitHub account, so no vote counts',
};
const orderUnknown: Refusal = {
  code: 'VOTE_ORDER_UNKNOWN',
  message: 'it cannot be told whether the approval came after the reject: approve where the reject was given, or later',
};
const earlierRound: Refusal = {
  code: 'VOTE_ON_EARLIER_ROUND',
  message: 'the vote was for an earlier round of this run',
};
const otherSubject: Refusal = { code: 'SUBJECT_CHANGED', message: 'the vote names another subject than the one asked' };

/** Who has no say in an environment: the one wording, for votes and for whatever else only who may vote there decides. */
export const lacksRole = (environment: string): Refusal => ({
  code: 'VOTER_LACKS_ROLE',
  message: `only people with a role that votes in the environment ${environment} decide here`,
});

const tooLow = (target: TallyInput['target']): Refusal => ({
  code: 'ASSURANCE_TOO_LOW',
  message: `the environment ${target.environment} asks for votes with ${target.leastAssurance} at least`,
});
