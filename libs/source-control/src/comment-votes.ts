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
  /** Written through an App with a person's token. */
  readonly isByApp: boolean;
}

/** Characters of the digest that a command names. */
export const COMMAND_DIGEST_LENGTH = 12;
/** The whole first line. What follows it is the reason. */
const COMMAND = /^\/planwarden[ \t]+(approve|reject)(?:[ \t]+(.*))?$/;

/** The command that a comment begins with; null: it is talk. */
export function commandOf(body: string): { decision: Vote['decision']; names: string; reason: string } | null {
  const [first = '', ...rest] = body.replaceAll('\r\n', '\n').split('\n');
  const match = COMMAND.exec(first.trimEnd());
  if (!match) return null;
  const decision = match[1] === 'approve' ? 'approve' : 'reject';
  return { decision, names: match[2]?.trim() ?? '', reason: rest.join('\n').trim().slice(0, 2000) };
}

/**
 * Turns all comments of a PR into votes: `/planwarden approve` or `reject` and the first twelve digits of a subject's
 * digest, never edited.
 * @param o.earlierDigests of this run's earlier rounds, so that an old vote is told from a strange one
 */
export function votesFromComments(o: {
  readonly comments: readonly Comment[];
  readonly subjectDigest: string;
  readonly earlierDigests: readonly string[];
  readonly people: readonly { readonly id: string; readonly github: { readonly id: number } }[];
}): { votes: Vote[]; uncounted: UncountedVote[] } {
  const votes: Vote[] = [];
  const uncounted: UncountedVote[] = [];
  for (const comment of o.comments) {
    const command = commandOf(comment.body);
    if (command === null) continue;
    const githubId = comment.user?.id ?? null;
    const matching = [...o.earlierDigests, o.subjectDigest].filter((digest) => isNamedBy(digest, command.names));
    // Two that begin alike: the older one is meant, for nobody had seen the newer when it was written.
    const named = matching[0];
    const vote: Vote = {
      subjectDigest: named ?? `named:${command.names.slice(0, 64)}`,
      decision: command.decision,
      person: o.people.find((person) => person.github.id === githubId)?.id ?? null,
      githubId,
      road: 'pull_request_comment',
      reference: `comment:${comment.id}`,
      reason: command.reason,
      at: comment.createdAt,
      assurance: 'account',
    };
    const refusal = refusalOf(comment, command.names);
    if (refusal) uncounted.push({ vote, ...refusal });
    else votes.push(vote);
  }
  return { votes, uncounted };
}

const isNamedBy = (digest: string, names: string): boolean =>
  names.length === COMMAND_DIGEST_LENGTH && digest.startsWith(`sha256:${names}`);

function refusalOf(comment: Comment, names: string): { readonly code: string; readonly message: string } | null {
  if (comment.user !== null && comment.user.type !== 'User') {
    return { code: 'VOTER_IS_BOT', message: 'bots and apps never vote' };
  }
  if (comment.isByApp) return { code: 'VOTER_IS_BOT', message: 'the comment was written through an app' };
  if (comment.isEdited || comment.createdAt !== comment.updatedAt) {
    return { code: 'VOTE_EDITED', message: 'the comment was edited; an edited one is no vote: write a new one' };
  }
  if (!/^[0-9a-f]{12}$/.test(names)) {
    return {
      code: 'VOTE_MALFORMED',
      message: `the command does not name the first ${COMMAND_DIGEST_LENGTH} digits of the subject, and nothing else`,
    };
  }
  return null;
}
