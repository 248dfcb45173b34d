import type { Octokit } from '@octokit/rest';
import { attempt } from './github-api.js';

export interface BranchCommit {
  readonly owner: string;
  readonly repo: string;
  readonly branch: string;
  readonly message: string;
  /** Text for a file to write, null for one to delete. */
  readonly files: readonly { readonly path: string; readonly content: string | null }[];
}

/**
 * Makes one commit on top of a branch and moves the branch to it, never by force: when the branch moved meanwhile,
 * GitHub refuses. A second call makes a second commit.
 */
export async function commitOnBranch(octokit: Octokit, { owner, repo, branch, message, files }: BranchCommit) {
  const ref = `heads/${branch}`;
  const head = await attempt('failed to get branch reference', () => octokit.rest.git.getRef({ owner, repo, ref }));
  const parent = head.data.object.sha;
  const base = await attempt('failed to get base commit', () =>
    octokit.rest.git.getCommit({ owner, repo, commit_sha: parent }),
  );
  const tree = await attempt('failed to create tree', () =>
    octokit.rest.git.createTree({
      owner,
      repo,
      base_tree: base.data.tree.sha,
      tree: files.map(({ path, content }) => ({
        path,
        mode: '100644' as const,
        type: 'blob' as const,
        ...(content === null ? { sha: null } : { content }),
      })),
    }),
  );
  const commit = await attempt('failed to create commit', () =>
    octokit.rest.git.createCommit({ owner, repo, message, tree: tree.data.sha, parents: [parent] }),
  );
  const moved = await attempt('failed to update reference', () =>
    octokit.rest.git.updateRef({ owner, repo, ref, sha: commit.data.sha, force: false }),
  );
  return { commit: commit.data, ref: moved.data };
}
