import { z } from 'zod';
import { attempt, attemptFind, GitHubToolFailure } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { fileRepositoryArguments } from './repository-arguments.js';

export const createOrUpdateFile: GitHubTool = gitHubTool({
  name: 'create_or_update_file',
  title: 'Create or update file',
  description:
    'Create or update a single file in a GitHub repository. If the file exists, its blob SHA must be given; a file that changed meanwhile is not overwritten.',
  annotations: { title: 'Create or update file', readOnlyHint: false },
  inputSchema: z.object({
    ...fileRepositoryArguments,
    path: z.string().describe('Path where to create/update the file'),
    content: z.string().describe('Content of the file'),
    message: z.string().describe('Commit message'),
    branch: z.string().describe('Branch to create/update the file in'),
    sha: z
      .string()
      .optional()
      .describe('The blob SHA of the file being replaced. Required if the file already exists.'),
  }),
  async handler({ owner, repo, path, content, message, branch, sha }, octokit) {
    const there = await attemptFind('failed to look at the file', () =>
      octokit.rest.repos.getContent({ owner, repo, path, ref: branch }),
    );
    if (there && !Array.isArray(there.data)) {
      const now = there.data.sha;
      if (!sha)
        throw new GitHubToolFailure(`File already exists at ${path}. Its current SHA is ${now}: send it as sha.`);
      if (sha !== now) throw new GitHubToolFailure(`SHA mismatch: the current SHA of ${path} is ${now}.`);
    }
    const written = await attempt('failed to create/update file', () =>
      octokit.rest.repos.createOrUpdateFileContents({
        owner,
        repo,
        path,
        message,
        branch,
        content: Buffer.from(content, 'utf8').toString('base64'),
        ...(sha ? { sha } : {}),
      }),
    );
    return jsonText({ content: written.data.content, commit: written.data.commit });
  },
});
