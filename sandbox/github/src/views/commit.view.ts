import type { GitCommit, GitPerson, GitStore, TreeFile } from '../git-store.js';
import { instant, type Json } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { diffText } from '../text-diff.js';
import { accountView } from './account.view.js';
import { repositoryUrl } from './repository.view.js';

export const gitPersonView = (person: GitPerson): { name: string; email: string; date: string } => ({
  name: person.name,
  email: person.email,
  date: instant(new Date(person.timestamp * 1000)),
});
const UNSIGNED = { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null };
export const commitNode = (sha: string): string => Buffer.from(`Commit:${sha}`).toString('base64url');

/** `git-commit`: the git object itself. */
export function gitCommitView(core: SandboxCore, repo: RepositoryContext, commit: GitCommit): Json {
  const url = repositoryUrl(core, repo);
  const html = `${core.url}/${repo.fullName}`;
  return {
    sha: commit.sha,
    node_id: commitNode(commit.sha),
    url: `${url}/git/commits/${commit.sha}`,
    html_url: `${html}/commit/${commit.sha}`,
    author: gitPersonView(commit.author),
    committer: gitPersonView(commit.committer),
    message: commit.message,
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: `${html}/commit/${sha}`,
    })),
    verification: UNSIGNED,
  };
}

/** `commit`: the object with the accounts GitHub knows behind its addresses (null for an address of nobody). */
export function commitView(core: SandboxCore, repo: RepositoryContext, commit: GitCommit): Json {
  const url = repositoryUrl(core, repo);
  const html = `${core.url}/${repo.fullName}`;
  const account = (email: string): Json | null => {
    const found = core.identities.byEmail(email);
    return found ? accountView(core, found) : null;
  };
  return {
    sha: commit.sha,
    node_id: commitNode(commit.sha),
    url: `${url}/commits/${commit.sha}`,
    html_url: `${html}/commit/${commit.sha}`,
    comments_url: `${url}/commits/${commit.sha}/comments`,
    commit: {
      url: `${url}/git/commits/${commit.sha}`,
      author: gitPersonView(commit.author),
      committer: gitPersonView(commit.committer),
      message: commit.message,
      comment_count: 0,
      tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
      verification: UNSIGNED,
    },
    author: account(commit.author.email),
    committer: account(commit.committer.email),
    parents: commit.parents.map((sha) => ({ sha, url: `${url}/commits/${sha}`, html_url: `${html}/commit/${sha}` })),
  };
}

export interface FileChange {
  filename: string;
  status: 'added' | 'removed' | 'modified';
  sha: string;
  additions: number;
  deletions: number;
  patch?: string;
}

/** What differs between two trees, by path. Renames show as a removal and an addition. */
export async function changedFiles(git: GitStore, from: string | undefined, to: string): Promise<FileChange[]> {
  const before = from ? await git.flatten(from) : new Map<string, TreeFile>();
  const after = await git.flatten(to);
  const changes: FileChange[] = [];
  for (const filename of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const old = before.get(filename);
    const fresh = after.get(filename);
    if (old?.oid === fresh?.oid && old?.mode === fresh?.mode) continue;
    const [left, right] = [await textOf(git, old), await textOf(git, fresh)];
    const diff = left === undefined || right === undefined ? undefined : diffText(left, right);
    changes.push({
      filename,
      status: !old ? 'added' : !fresh ? 'removed' : 'modified',
      sha: (fresh ?? old)?.oid ?? '',
      additions: diff?.additions ?? 0,
      deletions: diff?.deletions ?? 0,
      ...(diff?.patch ? { patch: diff.patch } : {}),
    });
  }
  return changes;
}

/** Undefined for what is not text: GitHub leaves `patch` out for it. */
async function textOf(git: GitStore, file: TreeFile | undefined): Promise<string | undefined> {
  if (!file) return '';
  const blob = await git.blob(file.oid);
  return !blob || blob.includes(0) ? undefined : Buffer.from(blob).toString('utf8');
}

export function fileView(core: SandboxCore, repo: RepositoryContext, change: FileChange, sha: string): Json {
  const path = change.filename.split('/').map(encodeURIComponent).join('/');
  return {
    ...change,
    changes: change.additions + change.deletions,
    blob_url: `${core.url}/${repo.fullName}/blob/${sha}/${path}`,
    raw_url: `${core.url}/raw/${repo.fullName}/${sha}/${path}`,
    contents_url: `${repositoryUrl(core, repo)}/contents/${path}?ref=${sha}`,
  };
}
