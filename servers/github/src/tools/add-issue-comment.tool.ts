import { z } from 'zod';
import { attempt } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { repositoryArguments } from './repository-arguments.js';

export const addIssueComment: GitHubTool = gitHubTool({
  name: 'add_issue_comment',
  title: 'Add comment to issue',
  description:
    'Add a comment to a specific issue in a GitHub repository. Also for pull requests: pass the pull request number as issue_number.',
  annotations: { title: 'Add comment to issue', readOnlyHint: false },
  inputSchema: z.object({
    ...repositoryArguments,
    issue_number: z.number().describe('Issue number to comment on'),
    body: z.string().describe('Comment content'),
  }),
  async handler({ owner, repo, issue_number, body }, octokit) {
    const made = await attempt('failed to create comment', () =>
      octokit.rest.issues.createComment({ owner, repo, issue_number, body }),
    );
    return jsonText({ id: String(made.data.id), url: made.data.html_url });
  },
});
