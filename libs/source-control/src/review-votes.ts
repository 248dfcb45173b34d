import type { Authors } from '@planwarden/approvals';
import type { UncountedVote, Vote } from '@planwarden/contracts';
import type { ComparedCommit, Dismissal } from './repository-reads.js';

/** The part of GitHub's review that a vote is made of. */
export interface Review {
  readonly id: number;
  readonly state: string;
  readonly commit_id: string | null;
  readonly submitted_at?: string | undefined;
  readonly body: string;
  readonly user: { readonly id: number; readonly type: string } | null;
}

/**
 * Turns all reviews of a PR into votes. Only a review of the evidence commit votes. A dismissal takes back the same
 * account's earlier approvals, never its rejects. A reject stands whoever dismisses it: only its own writer takes it back.
 * @param o.dismissals of the PR; a dismissed review of which nothing is told is taken for a reject
 */
export function votesFromReviews(o: {
  readonly reviews: readonly Review[];
  readonly dismissals: readonly Dismissal[];
  readonly evidenceSha: string;
  readonly subjectDigest: string;
  readonly people: readonly { readonly id: string; readonly github: { readonly id: number } }[];
}): { votes: Vote[]; uncounted: UncountedVote[] } {
  let votes: Vote[] = [];
  const uncounted: UncountedVote[] = [];
  for (const review of o.reviews) {
    const githubId = review.user?.id ?? null;
    const isHere = review.commit_id === o.evidenceSha;
    if (review.state === 'DISMISSED' && isHere) {
      votes = votes.filter((vote) => vote.githubId !== githubId || vote.decision === 'reject');
    }
    const state = standsAsReject(review, o.dismissals) ? 'CHANGES_REQUESTED' : review.state;
    if (state !== 'APPROVED' && state !== 'CHANGES_REQUESTED') continue;
    const vote: Vote = {
      subjectDigest: isHere ? o.subjectDigest : `commit:${review.commit_id ?? 'none'}`,
      decision: state === 'APPROVED' ? 'approve' : 'reject',
      person: o.people.find((person) => person.github.id === githubId)?.id ?? null,
      githubId,
      road: 'pull_request_review',
      reference: `review:${review.id}`,
      reason: review.body.slice(0, 2000),
      at: review.submitted_at ?? '1970-01-01T00:00:00Z',
      assurance: 'account',
    };
    if (!isHere) {
      uncounted.push({ vote, code: 'VOTE_ON_OTHER_COMMIT', message: 'the review is of another commit' });
    } else if (review.user !== null && review.user.type !== 'User') {
      uncounted.push({ vote, code: 'VOTER_IS_BOT', message: 'bots and apps never vote' });
    } else votes.push(vote);
  }
  return { votes, uncounted };
}

/** Whoever may write to a repository may dismiss the reviews of others. */
function standsAsReject({ id, state, user }: Review, dismissals: readonly Dismissal[]): boolean {
  if (state !== 'DISMISSED') return false;
  const dismissed = dismissals.find(({ review }) => review === id);
  return dismissed === undefined || (dismissed.was !== 'approved' && dismissed.by !== user?.id);
}

/**
 * Who wrote the commits our journal did not make, and who else had a part in them: what a commit says about its author
 * anybody can write.
 * @param others who pushed to the branch, without our own Apps, and whom commits name as having written them too
 */
export function foreignAuthors(
  commits: readonly ComparedCommit[],
  knownCommits: readonly string[],
  others: readonly (number | null)[],
): Authors {
  const ids = commits
    .filter((commit) => !knownCommits.includes(commit.sha))
    .flatMap((commit) => [commit.authorGithubId, commit.committerGithubId])
    .concat(others);
  return { githubIds: [...new Set(ids.filter((id) => id !== null))], unknown: ids.includes(null) };
}
