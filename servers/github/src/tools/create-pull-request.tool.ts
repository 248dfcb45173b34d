import { z } from 'zod';
import { attempt } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { repositoryArguments } from './repository-arguments.js';

export const createPullRequest: GitHubTool = gitHubTool({
  name: 'create_pull_request',
  title: 'Open new pull request',
  description: 'Create a new pull request in a GitHub repository.',
  annotations: { title: 'Open new pull request', readOnlyHint: false },
  inputSchema: z.object({
    ...repositoryArguments,
    title: z.string().describe('PR title'),
    head: z.string().describe('Branch containing changes'),
    base: z.string().describe('Branch to merge into'),
    body: z.string().optional().describe('PR description'),
    draft: z.boolean().optional().describe('Create as draft PR'),
    maintainer_can_modify: z.boolean().optional().describe('Allow maintainer edits'),
  }),
  async handler(args, octokit) {
    const { owner, repo, title, head, base, body, draft = false, maintainer_can_modify } = args;
    const made = await attempt('failed to create pull request', () =>
      octokit.rest.pulls.create({
        owner,
        repo,
        title,
        head,
        base,
        draft,
        ...(body ? { body } : {}),
        ...(maintainer_can_modify === undefined ? {} : { maintainer_can_modify }),
      }),
    );
    // The official answer tells no number: callers take it from the end of the url.
    return jsonText({ id: String(made.data.id), url: made.data.html_url });
  },
});
