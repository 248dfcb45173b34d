import type { UncountedVote, Vote } from '@planwarden/contracts';

/** The part of a comment on a pull request that a vote is made of. */
export interface Comment {
  readonly id: number;
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly user: { readonly id: number; readonly type: string } | null;
  /** As GitHub tells edits; times alone do not show one made within the same second. */
  readonly isEdited: boolean;
  /** What it was written as; null: it was edited and GitHub does not tell. */
  readonly original: string | null;
  /** Written through an App with a person's token. */
  readonly isByApp: boolean;
}

/** Characters of the digest that a command names. */
export const COMMAND_DIGEST_LENGTH = 12;
/** What a command names: digits of a digest. */
const NAMES = /^[0-9a-f]{12}$/;
/** The whole first line. What follows it is the reason. */
const COMMAND = /^\/planwarden[ \t]+(approve|reject)(?:[ \t]+(.*))?$/;

interface Command {
  readonly decision: Vote['decision'];
  /** Null: the subject now asked about. */
  readonly names: string | null;
  readonly reason: string;
}

interface Subjects {
  readonly subjectDigest: string;
  /** Of this run's earlier rounds, so that an old vote is told from a strange one. */
  readonly earlierDigests: readonly string[];
  readonly people: readonly { readonly id: string; readonly github: { readonly id: number } }[];
}

/** The command that a comment begins with; null: it is talk. */
export function commandOf(body: string): (Command & { readonly names: string }) | null {
  const [first = '', ...rest] = body.replaceAll('\r\n', '\n').split('\n');
  const match = COMMAND.exec(first.trimEnd());
  if (!match) return null;
  const decision = match[1] === 'approve' ? 'approve' : 'reject';
  return { decision, names: match[2]?.trim() ?? '', reason: rest.join('\n').trim().slice(0, 2000) };
}

/**
 * Turns all comments of a PR into votes: `/planwarden approve` or `reject` and the first twelve digits of a subject's
 * digest, never edited. A comment that was written as a reject goes on rejecting whatever somebody makes of it, and so does
 * an edited one of which nobody can tell what it was: only a later vote of its writer takes that back.
 */
export function votesFromComments(o: Subjects & { readonly comments: readonly Comment[] }): {
  votes: Vote[];
  uncounted: UncountedVote[];
} {
  const votes: Vote[] = [];
  const uncounted: UncountedVote[] = [];
  for (const comment of o.comments) {
    const reject = editedReject(comment);
    if (reject) votes.push(voteOf(comment, reject, o));
    const command = commandOf(comment.body);
    if (command === null) continue;
    const vote = voteOf(comment, command, o);
    const refusal = refusalOf(comment, command.names);
    if (refusal) uncounted.push({ vote, ...refusal });
    else votes.push(vote);
  }
  return { votes, uncounted };
}

/** The reject that an edited comment of a person was, or may have been. */
function editedReject(comment: Comment): Command | null {
  const { user, isByApp, original } = comment;
  if (!isChanged(comment) || isByApp || user?.type !== 'User') return null;
  if (original === null) return { decision: 'reject', names: null, reason: 'edited; what it was is not told' };
  const command = commandOf(original);
  return command?.decision === 'reject' && NAMES.test(command.names) ? command : null;
}

function voteOf(comment: Comment, command: Command, o: Subjects): Vote {
  const githubId = comment.user?.id ?? null;
  const { names } = command;
  // Two that begin alike: the older one is meant, for nobody had seen the newer when it was written.
  const named = names === null ? o.subjectDigest : [...o.earlierDigests, o.subjectDigest].find(isNamedBy(names));
  return {
    subjectDigest: named ?? `named:${(names ?? '').slice(0, 64)}`,
    decision: command.decision,
    person: o.people.find((person) => person.github.id === githubId)?.id ?? null,
    githubId,
    road: 'pull_request_comment',
    reference: `comment:${comment.id}`,
    reason: command.reason,
    at: comment.createdAt,
    assurance: 'account',
  };
}

const isChanged = ({ isEdited, createdAt, updatedAt }: Comment): boolean => isEdited || createdAt !== updatedAt;

const isNamedBy =
  (names: string) =>
  (digest: string): boolean =>
    names.length === COMMAND_DIGEST_LENGTH && digest.startsWith(`sha256:${names}`);

function refusalOf(comment: Comment, names: string): { readonly code: string; readonly message: string } | null {
  if (comment.user !== null && comment.user.type !== 'User') {
    return { code: 'VOTER_IS_BOT', message: 'bots and apps never vote' };
  }
  if (comment.isByApp) return { code: 'VOTER_IS_BOT', message: 'the comment was written through an app' };
  if (isChanged(comment)) {
    return { code: 'VOTE_EDITED', message: 'the comment was edited; an edited one is no vote: write a new one' };
  }
  if (!NAMES.test(names)) {
    return {
      code: 'VOTE_MALFORMED',
      message: `the command does not name the first ${COMMAND_DIGEST_LENGTH} digits of the subject, and nothing else`,
    };
  }
  return null;
}
