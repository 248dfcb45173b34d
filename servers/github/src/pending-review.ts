import type { Octokit } from '@octokit/rest';
import { attempt, GitHubToolFailure } from './github-api.js';

export interface PullPlace {
  readonly owner: string;
  readonly repo: string;
  readonly pullNumber: number;
}

/** Node id of a pull request: reviews are written over GraphQL, as in the official server. */
export async function pullNodeId(octokit: Octokit, place: PullPlace): Promise<string> {
  const found = await attempt('failed to get pull request', () =>
    octokit.graphql<{ repository: { pullRequest: { id: string } } }>(
      'query($owner: String!, $repo: String!, $prNum: Int!) { repository(owner: $owner, name: $repo) { pullRequest(number: $prNum) { id } } }',
      { owner: place.owner, repo: place.repo, prNum: place.pullNumber },
    ),
  );
  return found.repository.pullRequest.id;
}

/**
 * The pending review of this account. Like the official server it looks at one review of the account alone, which
 * GitHub lists oldest first: where an earlier one was submitted, the pending one is not found.
 */
export async function pendingReviewId(octokit: Octokit, place: PullPlace): Promise<string> {
  const { viewer } = await attempt('failed to get current user', () =>
    octokit.graphql<{ viewer: { login: string } }>('query { viewer { login } }'),
  );
  const found = await attempt('failed to get latest review for current user', () =>
    octokit.graphql<{
      repository: {
        pullRequest: { reviews: { nodes: readonly { id: string; state: string; url: string }[] } };
      };
    }>(
      `query($owner: String!, $repo: String!, $prNum: Int!, $author: String!) {
        repository(owner: $owner, name: $repo) { pullRequest(number: $prNum) {
          reviews(first: 1, author: $author) { nodes { id state url } } } } }`,
      { owner: place.owner, repo: place.repo, prNum: place.pullNumber, author: viewer.login },
    ),
  );
  const review = found.repository.pullRequest.reviews.nodes[0];
  if (review === undefined) throw new GitHubToolFailure('No pending review found for the viewer');
  if (review.state !== 'PENDING') {
    throw new GitHubToolFailure(`The latest review, found at ${review.url} is not pending`);
  }
  return review.id;
}
