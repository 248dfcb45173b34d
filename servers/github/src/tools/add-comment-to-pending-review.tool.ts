import { z } from 'zod';
import { attempt, GitHubToolFailure } from '../github-api.js';
import { type GitHubTool, gitHubTool } from '../github-tool.js';
import { pendingReviewId } from '../pending-review.js';
import { repositoryArguments } from './repository-arguments.js';

const SIDES = ['LEFT', 'RIGHT'] as const;

export const addCommentToPendingReview: GitHubTool = gitHubTool({
  name: 'add_comment_to_pending_review',
  title: "Add review comment to the requester's latest pending pull request review",
  description:
    "Add review comment to the requester's latest pending pull request review. A pending review needs to already exist to call this.",
  annotations: {
    title: "Add review comment to the requester's latest pending pull request review",
    readOnlyHint: false,
  },
  inputSchema: z.object({
    ...repositoryArguments,
    pullNumber: z.number().describe('Pull request number'),
    path: z.string().describe('The relative path to the file that necessitates a comment'),
    body: z.string().describe('The text of the review comment'),
    subjectType: z.enum(['FILE', 'LINE']).describe('The level at which the comment is targeted'),
    line: z.number().optional().describe('The line of the blob in the diff; of several, the last one'),
    side: z.enum(SIDES).optional().describe('LEFT is the previous state, RIGHT the new one'),
    startLine: z.number().optional().describe('For several lines, the first one'),
    startSide: z.enum(SIDES).optional().describe('For several lines, the side of the first one'),
  }),
  async handler({ owner, repo, pullNumber, ...comment }, octokit) {
    const pullRequestReviewId = await pendingReviewId(octokit, { owner, repo, pullNumber });
    const input = { pullRequestReviewId, ...comment };
    const { addPullRequestReviewThread: made } = await attempt('failed to add review comment', () =>
      octokit.graphql<{ addPullRequestReviewThread: { thread: { id: string } | null } }>(
        'mutation($input: AddPullRequestReviewThreadInput!) { addPullRequestReviewThread(input: $input) { thread { id } } }',
        { input },
      ),
    );
    if (made.thread === null) {
      throw new GitHubToolFailure(
        "Failed to add comment to pending review. The line or the file is not in the pull request's diff.",
      );
    }
    return { text: 'pull request review comment successfully added to pending review' };
  },
});
