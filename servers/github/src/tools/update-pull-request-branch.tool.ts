import { z } from 'zod';
import { attempt } from '../github-api.js';
import { type GitHubTool, gitHubTool } from '../github-tool.js';
import { repositoryArguments } from './repository-arguments.js';

export const updatePullRequestBranch: GitHubTool = gitHubTool({
  name: 'update_pull_request_branch',
  title: 'Update pull request branch',
  description: 'Update the branch of a pull request with the latest changes from the base branch.',
  annotations: { title: 'Update pull request branch', readOnlyHint: false },
  inputSchema: z.object({
    ...repositoryArguments,
    pullNumber: z.number().describe('Pull request number'),
    expectedHeadSha: z.string().optional().describe("The expected SHA of the pull request's HEAD ref"),
  }),
  async handler({ owner, repo, pullNumber, expectedHeadSha }, octokit) {
    await attempt('failed to update pull request branch', () =>
      octokit.rest.pulls.updateBranch({
        owner,
        repo,
        pull_number: pullNumber,
        ...(expectedHeadSha ? { expected_head_sha: expectedHeadSha } : {}),
      }),
    );
    return { text: 'Pull request branch update is in progress' };
  },
});
