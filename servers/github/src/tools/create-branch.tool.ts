import { z } from 'zod';
import { attempt } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { repositoryArguments } from './repository-arguments.js';

export const createBranch: GitHubTool = gitHubTool({
  name: 'create_branch',
  title: 'Create branch',
  description: 'Create a new branch in a GitHub repository',
  annotations: { title: 'Create branch', readOnlyHint: false },
  inputSchema: z.object({
    ...repositoryArguments,
    branch: z.string().describe('Name for new branch'),
    from_branch: z.string().optional().describe('Source branch (defaults to repo default)'),
  }),
  async handler({ owner, repo, branch, from_branch }, octokit) {
    const source =
      from_branch ||
      (await attempt('failed to get repository', () => octokit.rest.repos.get({ owner, repo }))).data.default_branch;
    const from = await attempt('failed to get reference', () =>
      octokit.rest.git.getRef({ owner, repo, ref: `heads/${source}` }),
    );
    const made = await attempt('failed to create branch', () =>
      octokit.rest.git.createRef({ owner, repo, ref: `refs/heads/${branch}`, sha: from.data.object.sha }),
    );
    return jsonText(made.data);
  },
});
