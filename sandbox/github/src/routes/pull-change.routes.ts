import { invalid, notFound, type Route, repoRoute } from '../http-kit.js';
import { mergePull, pullOf, updateFromBase } from '../pull-acts.js';
import type { RepositoryContext } from '../sandbox-core.js';
import type { PullRecord } from '../state-store.js';
import { changedFiles, commitView, type FileChange, fileView } from '../views/commit.view.js';
import { baseShaOf, pullHtml, pullSimpleView } from '../views/pull.view.js';
import { actorOf } from './git-ref.routes.js';

/** Files of a pull request against the merge base, as GitHub shows them. */
export async function pullFiles(repo: RepositoryContext, pull: PullRecord): Promise<FileChange[]> {
  const base = await baseShaOf(repo, pull);
  const from = await repo.git.commit((await repo.git.mergeBase(base, pull.headSha)) ?? base);
  const head = await repo.git.commit(pull.headSha);
  return head ? changedFiles(repo.git, from?.tree, head.tree) : [];
}

/** The whole change as one unified diff. */
export async function diffOf(repo: RepositoryContext, pull: PullRecord): Promise<string> {
  const files = await pullFiles(repo, pull);
  return files
    .map(({ filename, status, patch }) => {
      const before = status === 'added' ? '/dev/null' : `a/${filename}`;
      const after = status === 'removed' ? '/dev/null' : `b/${filename}`;
      const mode =
        status === 'added' ? 'new file mode 100644\n' : status === 'removed' ? 'deleted file mode 100644\n' : '';
      const body = patch ? `--- ${before}\n+++ ${after}\n${patch}\n` : '';
      return `diff --git a/${filename} b/${filename}\n${mode}${body}`;
    })
    .join('');
}

export const pullChangeRoutes: Route[] = [
  repoRoute('GET', '/pulls/{pull_number}/files', [['pull_requests', 'read']], async ({ core, repo, params }) => {
    const pull = pullOf(repo, params.pull_number);
    const items = (await pullFiles(repo, pull)).map((file) => fileView(core, repo, file, pull.headSha));
    return { status: 200, list: { items } };
  }),
  repoRoute('GET', '/pulls/{pull_number}/commits', [['pull_requests', 'read']], async ({ core, repo, params }) => {
    const pull = pullOf(repo, params.pull_number);
    const commits = await repo.git.between(await baseShaOf(repo, pull), pull.headSha);
    return { status: 200, list: { items: commits.map((commit) => commitView(core, repo, commit)) } };
  }),
  repoRoute('GET', '/pulls/{pull_number}/merge', [['pull_requests', 'read']], async ({ repo, params }) => {
    if (!pullOf(repo, params.pull_number).mergedAt) throw notFound();
    return { status: 204 };
  }),
  repoRoute('PUT', '/pulls/{pull_number}/merge', [['contents', 'write']], async (context) => {
    const { core, repo, params, body } = context;
    const sha = await mergePull(core, repo, pullOf(repo, params.pull_number), actorOf(context), {
      method: body.merge_method === 'squash' || body.merge_method === 'rebase' ? body.merge_method : 'merge',
      ...(typeof body.sha === 'string' ? { sha: body.sha } : {}),
      ...(typeof body.commit_title === 'string' ? { title: body.commit_title } : {}),
      ...(typeof body.commit_message === 'string' ? { message: body.commit_message } : {}),
    });
    return { status: 200, body: { sha, merged: true, message: 'Pull Request successfully merged' } };
  }),
  repoRoute('PUT', '/pulls/{pull_number}/update-branch', [['pull_requests', 'write']], async (context) => {
    const { core, repo, params, body } = context;
    const pull = pullOf(repo, params.pull_number);
    const expected = typeof body.expected_head_sha === 'string' ? body.expected_head_sha : undefined;
    await updateFromBase(core, repo, pull, actorOf(context), expected);
    return {
      status: 202,
      body: { message: 'Updating pull request branch.', url: pullHtml(core, repo, pull.number) },
    };
  }),
  repoRoute('POST', '/pulls/{pull_number}/requested_reviewers', [['pull_requests', 'write']], async (context) => {
    const { core, repo, params, body } = context;
    const pull = pullOf(repo, params.pull_number);
    const logins = Array.isArray(body.reviewers) ? body.reviewers.map(String) : [];
    const accounts = logins.map((login) => core.identities.byLogin(login));
    for (const account of accounts)
      if (!account || !core.role(repo, account) || account.id === pull.userId)
        throw invalid(
          'PullRequest',
          'reviewers',
          'Reviews may only be requested from collaborators, and not from the author.',
        );
    const ids = accounts.flatMap((account) => (account ? [account.id] : []));
    pull.reviewerIds = [...new Set([...pull.reviewerIds, ...ids])];
    return { status: 201, body: await pullSimpleView(core, repo, pull) };
  }),
];
