import type { Authors } from '@planwarden/approvals';
import type { UncountedVote, Vote } from '@planwarden/contracts';
import type { ComparedCommit } from './repository-reads.js';

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
 * account's earlier approvals, never its rejects.
 */
export function votesFromReviews(o: {
  readonly reviews: readonly Review[];
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
    if (review.state !== 'APPROVED' && review.state !== 'CHANGES_REQUESTED') continue;
    const vote: Vote = {
      subjectDigest: isHere ? o.subjectDigest : `commit:${review.commit_id ?? 'none'}`,
      decision: review.state === 'APPROVED' ? 'approve' : 'reject',
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

/** Who wrote the commits our journal did not make. */
export function foreignAuthors(commits: readonly ComparedCommit[], knownCommits: readonly string[]): Authors {
  const ids = commits
    .filter((commit) => !knownCommits.includes(commit.sha))
    .flatMap((commit) => [commit.authorGithubId, commit.committerGithubId]);
  return { githubIds: [...new Set(ids.filter((id) => id !== null))], unknown: ids.includes(null) };
}
