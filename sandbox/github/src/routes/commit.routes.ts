import type { GitCommit } from '../git-store.js';
import { ApiError, type Json, type Route, repoRoute } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { changedFiles, commitView, fileView } from '../views/commit.view.js';
import { repositoryUrl, repositoryView } from '../views/repository.view.js';

async function filesOf(core: SandboxCore, repo: RepositoryContext, commit: GitCommit): Promise<Json[]> {
  const parent = await repo.git.commit(commit.parents[0] ?? '');
  const files = await changedFiles(repo.git, parent?.tree, commit.tree);
  return files.map((file) => fileView(core, repo, file, commit.sha));
}

const sum = (files: Json[], key: string): number => files.reduce((total, file) => total + Number(file[key]), 0);

async function touches(repo: RepositoryContext, commit: GitCommit, path: string): Promise<boolean> {
  const parent = await repo.git.commit(commit.parents[0] ?? '');
  const files = await changedFiles(repo.git, parent?.tree, commit.tree);
  return files.some(({ filename }) => filename === path || filename.startsWith(`${path}/`));
}

/** Short and long names of both sides of `base...head`, without the owner that a client may put before them. */
async function sides(core: SandboxCore, repo: RepositoryContext, basehead: string): Promise<[GitCommit, GitCommit]> {
  const [base = '', head = '', more] = basehead.split('...');
  if (head === '' || more !== undefined) throw new ApiError(404, 'Not Found');
  const own = (name: string): string => name.replace(new RegExp(`^${repo.seed.owner.login}:`, 'i'), '');
  return [await core.resolve(repo, own(base)), await core.resolve(repo, own(head))];
}

export const commitRoutes: Route[] = [
  repoRoute('GET', '/commits/{ref}/status', [['statuses', 'read']], async ({ core, repo, params }) => {
    const { sha } = await core.resolve(repo, params.ref ?? '');
    const url = `${repositoryUrl(core, repo)}/commits/${sha}`;
    return {
      status: 200,
      body: {
        state: 'pending',
        statuses: [],
        sha,
        total_count: 0,
        repository: repositoryView(core, repo),
        commit_url: url,
        url: `${url}/status`,
      },
    };
  }),
  repoRoute('GET', '/commits/{ref}/statuses', [['statuses', 'read']], async ({ core, repo, params }) => {
    await core.resolve(repo, params.ref ?? '');
    return { status: 200, list: { items: [] } };
  }),
  repoRoute('GET', '/commits/{ref}', [['contents', 'read']], async ({ core, repo, params }) => {
    const commit = await core.resolve(repo, params.ref ?? '').catch(() => {
      throw new ApiError(422, `No commit found for SHA: ${(params.ref ?? '').slice(0, 80)}`);
    });
    const files = await filesOf(core, repo, commit);
    const [additions, deletions] = [sum(files, 'additions'), sum(files, 'deletions')];
    const stats = { additions, deletions, total: additions + deletions };
    return { status: 200, body: { ...commitView(core, repo, commit), stats, files } };
  }),
  repoRoute('GET', '/commits', [['contents', 'read']], async ({ core, repo, query }) => {
    const tip = await core.resolve(repo, query.sha ?? repo.seed.defaultBranch);
    const commits = (await repo.git.between(undefined, tip.sha)).reverse();
    const kept: GitCommit[] = [];
    for (const commit of commits) {
      const at = commit.committer.timestamp * 1000;
      if (query.since && at < Date.parse(query.since)) continue;
      if (query.until && at > Date.parse(query.until)) continue;
      const login = core.identities.byEmail(commit.author.email)?.login;
      if (query.author && query.author !== login && query.author !== commit.author.email) continue;
      if (query.path && !(await touches(repo, commit, query.path))) continue;
      kept.push(commit);
    }
    return { status: 200, list: { items: kept.map((commit) => commitView(core, repo, commit)) } };
  }),
  repoRoute('GET', '/compare/{basehead}', [['contents', 'read']], async ({ core, repo, params }) => {
    const [base, head] = await sides(core, repo, params.basehead ?? '');
    const mergeBase = await repo.git.commit((await repo.git.mergeBase(base.sha, head.sha)) ?? '');
    if (!mergeBase) throw new ApiError(404, 'No common ancestor between the two commits.');
    const commits = await repo.git.between(base.sha, head.sha);
    const behind = (await repo.git.between(head.sha, base.sha)).length;
    const changes = await changedFiles(repo.git, mergeBase.tree, head.tree);
    const html = `${core.url}/${repo.fullName}/compare/${base.sha}...${head.sha}`;
    const status = commits.length === 0 ? (behind === 0 ? 'identical' : 'behind') : behind === 0 ? 'ahead' : 'diverged';
    const wrap = (page: unknown[], first: boolean): Json => ({
      url: `${repositoryUrl(core, repo)}/compare/${base.sha}...${head.sha}`,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: commitView(core, repo, base),
      merge_base_commit: commitView(core, repo, mergeBase),
      status,
      ahead_by: commits.length,
      behind_by: behind,
      total_commits: commits.length,
      commits: page,
      // GitHub tells the files on the first page alone, 300 at most.
      files: first ? changes.slice(0, 300).map((change) => fileView(core, repo, change, head.sha)) : [],
    });
    return { status: 200, list: { items: commits.map((commit) => commitView(core, repo, commit)), wrap } };
  }),
];
