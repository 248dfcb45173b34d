import type { Octokit } from '@octokit/rest';
import { z } from 'zod';
import { attempt, attemptFind, GitHubToolFailure } from '../github-api.js';
import { type GitHubTool, gitHubTool, jsonText } from '../github-tool.js';
import { fileRepositoryArguments } from './repository-arguments.js';

export const getFileContents: GitHubTool = gitHubTool({
  name: 'get_file_contents',
  title: 'Get file or directory contents',
  description: 'Get the contents of a file or directory from a GitHub repository',
  annotations: { title: 'Get file or directory contents', readOnlyHint: true },
  inputSchema: z.object({
    ...fileRepositoryArguments,
    path: z.string().default('/').describe('Path to file/directory'),
    ref: z
      .string()
      .optional()
      .describe(
        'Accepts optional git refs such as `refs/tags/{tag}`, `refs/heads/{branch}` or `refs/pull/{pr_number}/head`',
      ),
    sha: z.string().optional().describe('Accepts optional commit SHA. If specified, it will be used instead of ref'),
  }),
  async handler({ owner, repo, path: given, ref, sha }, octokit) {
    const path = given.replace(/^\/+|\/+$/g, '');
    const at = sha ? { sha, words: `sha/${sha}/` } : ref ? await resolveRef(octokit, { owner, repo, ref }) : undefined;
    const found = await attempt('failed to get file contents', () =>
      octokit.rest.repos.getContent({ owner, repo, path, ...(at ? { ref: at.sha } : {}) }),
    );
    if (Array.isArray(found.data)) return jsonText(found.data);
    const file = found.data;
    if (file.type !== 'file') return jsonText(file);
    const bytes = await bytesOf(octokit, { owner, repo, file_sha: file.sha }, file);
    if (bytes.includes(0)) throw new GitHubToolFailure('failed to get file contents: the file is not text');
    const uri = `repo://${owner}/${repo}/${at?.words ?? ''}contents/${path.split('/').map(encodeURIComponent).join('/')}`;
    return {
      text: `successfully downloaded text file (SHA: ${file.sha})`,
      resources: [{ uri, mimeType: 'text/plain; charset=utf-8', text: bytes.toString('utf8') }],
    };
  },
});

/** Large files come without their content: then the blob is read. */
async function bytesOf(
  octokit: Octokit,
  blob: { owner: string; repo: string; file_sha: string },
  file: { content: string; encoding: string },
): Promise<Buffer> {
  if (file.encoding === 'base64') return Buffer.from(file.content, 'base64');
  const read = await attempt('failed to get file contents', () => octokit.rest.git.getBlob(blob));
  return Buffer.from(read.data.content, 'base64');
}

/** A full ref, or the short name of a branch, else of a tag, as the commit it stands for. */
async function resolveRef(
  octokit: Octokit,
  { owner, repo, ref }: { owner: string; repo: string; ref: string },
): Promise<{ sha: string; words: string }> {
  const pull = /^refs\/pull\/(\d+)\/head$/.exec(ref)?.[1];
  if (pull !== undefined) {
    const { data } = await attempt('failed to get pull request', () =>
      octokit.rest.pulls.get({ owner, repo, pull_number: Number(pull) }),
    );
    return { sha: data.head.sha, words: `${ref}/` };
  }
  const short = ref.replace(/^refs\//, '');
  const candidates = ref.startsWith('refs/') || /^(heads|tags)\//.test(ref) ? [short] : [`heads/${ref}`, `tags/${ref}`];
  for (const candidate of candidates) {
    const found = await attemptFind('failed to resolve git reference', () =>
      octokit.rest.git.getRef({ owner, repo, ref: candidate }),
    );
    if (found === undefined) continue;
    // GitHub's contents take the commit below an annotated tag only by the tag's name.
    const name = found.data.object.type === 'tag' ? found.data.ref : found.data.object.sha;
    return { sha: name, words: `${found.data.ref}/` };
  }
  throw new GitHubToolFailure(`failed to resolve git reference: could not resolve ref "${ref}" as a branch or a tag`);
}
