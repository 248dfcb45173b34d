import { Octokit } from '@octokit/rest';
import type { GitFile, GitPort } from './git-port.js';

export interface GitHubGitOptions {
  /** Address of the REST API, such as `http://127.0.0.1:4000`. */
  readonly baseUrl: string;
  /** A token that may read the contents of the repositories. */
  readonly token: string;
  /** `spec.source.repoURL` of the repositories that may be read: the last two steps of the path are owner and name. */
  readonly repoUrl: string | readonly string[];
}

const SHA = /^[0-9a-f]{40}$/;
const YAML_OR_JSON = /\.(ya?ml|json)$/;
const TIMEOUT_MS = 15_000;
const nothing = (): void => undefined;
const plain = (url: string): string => url.replace(/\/+$/, '').replace(/\.git$/, '');

/** The Git port over GitHub's REST API. Other repositories than those named are refused. */
export function gitFromGitHub(options: GitHubGitOptions): GitPort {
  const allowed = new Set([options.repoUrl].flat().map(plain));
  const { rest } = new Octokit({
    baseUrl: options.baseUrl.replace(/\/+$/, ''),
    auth: options.token,
    // What fails is told in the Application's conditions; Octokit would write it to the terminal as well.
    log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    request: {
      fetch: (input: string | URL, init?: RequestInit) =>
        fetch(input, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) }),
    },
  });
  const repositoryOf = (url: string): { owner: string; repo: string } => {
    const [, owner, repo] = plain(url).match(/([^/:]+)\/([^/]+)$/) ?? [];
    if (!allowed.has(plain(url)) || owner === undefined || repo === undefined)
      throw new Error('the repository is not one that may be read');
    return { owner, repo };
  };

  return {
    async head(repoUrl, branch) {
      const repository = repositoryOf(repoUrl);
      if (SHA.test(branch)) return branch;
      const name = branch === 'HEAD' ? (await rest.repos.get(repository)).data.default_branch : branch;
      const { data } = await rest.git.getRef({ ...repository, ref: `heads/${name}` });
      return data.object.sha;
    },
    async listTree(repoUrl, revision, path) {
      const repository = repositoryOf(repoUrl);
      const { data: commit } = await rest.git.getCommit({ ...repository, commit_sha: revision });
      const { data } = await rest.git.getTree({ ...repository, tree_sha: commit.tree.sha, recursive: '1' });
      if (data.truncated) throw new Error('the repository has more files than GitHub lists at once');
      const folder = folderOf(path);
      const files: GitFile[] = [];
      for (const entry of data.tree) {
        if (entry.type !== 'blob' || !entry.path.startsWith(folder)) continue;
        // Other files are named, so that the folder counts as there, but not read.
        const content = YAML_OR_JSON.test(entry.path) ? await blob(repository, entry.sha) : '';
        files.push({ path: entry.path, content });
      }
      return files;
    },
  };

  async function blob(repository: { owner: string; repo: string }, sha: string): Promise<string> {
    const { data } = await rest.git.getBlob({ ...repository, file_sha: sha });
    return Buffer.from(data.content, data.encoding === 'base64' ? 'base64' : 'utf8').toString('utf8');
  }
}

/** A folder as the start of the paths below it; the empty text for the root. */
export function folderOf(path: string): string {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  return steps.length === 0 ? '' : `${steps.join('/')}/`;
}
