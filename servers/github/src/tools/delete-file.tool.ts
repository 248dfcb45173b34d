import { z } from 'zod';
import { commitOnBranch } from '../branch-commit.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { fileRepositoryArguments } from './repository-arguments.js';

export const deleteFile: GitHubTool = gitHubTool({
  name: 'delete_file',
  title: 'Delete file',
  description: 'Delete a file from a GitHub repository',
  annotations: { title: 'Delete file', readOnlyHint: false, destructiveHint: true },
  inputSchema: z.object({
    ...fileRepositoryArguments,
    path: z.string().describe('Path to the file to delete'),
    message: z.string().describe('Commit message'),
    branch: z.string().describe('Branch to delete the file from'),
  }),
  async handler({ path, ...args }, octokit) {
    const { commit } = await commitOnBranch(octokit, { ...args, files: [{ path, content: null }] });
    return jsonText({ commit, content: null });
  },
});
