import type { Octokit } from '@octokit/rest';
import { PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';
import { attempt } from '../github-api.js';
import { type GitHubTool, gitHubTool } from '../github-tool.js';
import { type PullPlace, pendingReviewId, pullNodeId } from '../pending-review.js';
import { repositoryArguments } from './repository-arguments.js';

const METHODS = ['create', 'submit_pending', 'delete_pending', 'resolve_thread', 'unresolve_thread'] as const;

/** The schema is that of the official server; what it offers beyond comments and wishes for changes is refused. */
export const pullRequestReviewWrite: GitHubTool = gitHubTool({
  name: 'pull_request_review_write',
  title: 'Write operations (create, submit, delete) on pull request reviews.',
  description:
    'Create and/or submit, delete review of a pull request. This server comments and requests changes; it never approves.',
  annotations: {
    title: 'Write operations (create, submit, delete) on pull request reviews.',
    readOnlyHint: false,
  },
  inputSchema: z.object({
    method: z.enum(METHODS).describe('The write operation to perform on pull request review.'),
    ...repositoryArguments,
    pullNumber: z.number().describe('Pull request number'),
    body: z.string().optional().describe('Review comment text'),
    event: z.enum(['APPROVE', 'REQUEST_CHANGES', 'COMMENT']).optional().describe('Review action to perform.'),
    commitID: z.string().optional().describe('SHA of commit to review'),
    threadId: z.string().optional().describe('The node ID of the review thread. Not supported here.'),
  }),
  async handler({ method, owner, repo, pullNumber, body = '', event, commitID }, octokit) {
    if (event === 'APPROVE') {
      throw notSupported('event', 'This server never approves a pull request.', 'A person approves it on GitHub.');
    }
    const place = { owner, repo, pullNumber };
    switch (method) {
      case 'create':
        return create(octokit, place, { body, event, commitID });
      case 'submit_pending':
        return submit(octokit, place, { body, event: event ?? 'COMMENT' });
      case 'delete_pending':
        return remove(octokit, place);
      case 'resolve_thread':
      case 'unresolve_thread':
        throw notSupported('method', 'This server does not resolve threads.', 'Resolve them on GitHub.');
    }
  },
});

interface Said {
  readonly body: string;
  readonly event: string | undefined;
  readonly commitID: string | undefined;
}

/** Without an event the review stays pending: nobody else sees it. */
async function create(octokit: Octokit, place: PullPlace, { body, event, commitID }: Said) {
  const input = {
    pullRequestId: await pullNodeId(octokit, place),
    ...(commitID === undefined ? {} : { commitOID: commitID }),
    ...(event === undefined ? {} : { event, body }),
  };
  await attempt('failed to create pull request review', () =>
    octokit.graphql(
      'mutation($input: AddPullRequestReviewInput!) { addPullRequestReview(input: $input) { pullRequestReview { id } } }',
      { input },
    ),
  );
  return { text: event === undefined ? 'pending pull request created' : 'pull request review submitted successfully' };
}

async function submit(octokit: Octokit, place: PullPlace, said: { readonly body: string; readonly event: string }) {
  const input = { pullRequestReviewId: await pendingReviewId(octokit, place), ...said };
  await attempt('failed to submit pull request review', () =>
    octokit.graphql(
      'mutation($input: SubmitPullRequestReviewInput!) { submitPullRequestReview(input: $input) { pullRequestReview { id } } }',
      { input },
    ),
  );
  return { text: 'pending pull request review successfully submitted' };
}

async function remove(octokit: Octokit, place: PullPlace) {
  const input = { pullRequestReviewId: await pendingReviewId(octokit, place) };
  await attempt('failed to delete pull request review', () =>
    octokit.graphql(
      'mutation($input: DeletePullRequestReviewInput!) { deletePullRequestReview(input: $input) { pullRequestReview { id } } }',
      { input },
    ),
  );
  return { text: 'pending pull request review successfully deleted' };
}

const notSupported = (field: string, message: string, remedy: string): PlanwardenError =>
  new PlanwardenError('NOT_SUPPORTED', message, { where: { field }, remedy });
