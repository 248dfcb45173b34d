import { z } from 'zod';
import { commitOnBranch } from '../branch-commit.js';
import { GitHubToolFailure } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { repositoryArguments } from './repository-arguments.js';

export const pushFiles: GitHubTool = gitHubTool({
  name: 'push_files',
  title: 'Push files to repository',
  description: 'Push multiple files to a GitHub repository in a single commit',
  annotations: { title: 'Push files to repository', readOnlyHint: false },
  inputSchema: z.object({
    ...repositoryArguments,
    branch: z.string().describe('Branch to push to'),
    files: z
      .array(
        z.strictObject({
          path: z.string().describe('path to the file'),
          content: z.string().describe('file content'),
        }),
      )
      .describe('Array of file objects to push, each object with path (string) and content (string)'),
    message: z.string().describe('Commit message'),
  }),
  async handler(args, octokit) {
    if (args.files.length === 0) throw new GitHubToolFailure('missing required parameter: files');
    const { ref } = await commitOnBranch(octokit, args);
    return jsonText(ref);
  },
});
