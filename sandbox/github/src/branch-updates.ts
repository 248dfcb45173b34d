import { instant, type Json } from './http-kit.js';
import type { Account } from './identity.js';
import type { RepositoryContext, SandboxCore } from './sandbox-core.js';
import type { PullRecord } from './state-store.js';
import { accountView } from './views/account.view.js';
import { changedFiles, gitPersonView } from './views/commit.view.js';
import { pullView } from './views/pull.view.js';
import { repositoryView } from './views/repository.view.js';

const ZERO = '0'.repeat(40);

/** Moves a ref and everything that follows from it: open pull requests of the branch, stale approvals, `push` and `synchronize`. */
export async function moveRef(
  core: SandboxCore,
  repo: RepositoryContext,
  ref: string,
  sha: string | null,
  actor: Account,
): Promise<void> {
  const before = await repo.git.ref(ref);
  if (before === (sha ?? undefined)) return;
  if (sha === null) await repo.git.deleteRef(ref);
  else await repo.git.setRef(ref, sha);
  const payload = await pushPayload(core, repo, ref, before, sha, actor);
  const type = payload.created ? 'branch_creation' : payload.deleted ? 'branch_deletion' : undefined;
  repo.state.activities = [
    ...(repo.state.activities ?? []),
    {
      id: core.store.nextId(),
      ...{ ref, before: before ?? ZERO, after: sha ?? ZERO, at: instant(core.now()), userId: actor.id },
      type: type ?? (payload.forced ? 'force_push' : 'push'),
    },
  ];
  core.webhooks.emit('push', payload);
  if (!ref.startsWith('refs/heads/')) return;
  const branch = ref.slice('refs/heads/'.length);
  for (const pull of repo.state.pulls.filter((candidate) => candidate.state === 'open' && candidate.head === branch))
    await followHead(core, repo, pull, sha, actor);
}

async function followHead(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  sha: string | null,
  actor: Account,
): Promise<void> {
  const now = instant(core.now());
  const before = pull.headSha;
  pull.updatedAt = now;
  if (sha === null) {
    await closePull(core, repo, pull, actor);
    return;
  }
  pull.headSha = sha;
  if (core.protection(repo, pull.base)?.dismissStaleReviews)
    for (const review of repo.state.reviews)
      if (review.pull === pull.number && review.state === 'APPROVED') review.state = 'DISMISSED';
  await emitPull(core, repo, pull, 'synchronize', actor, { before, after: sha });
}

export async function closePull(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  actor: Account,
): Promise<void> {
  pull.baseSha = (await repo.git.ref(`refs/heads/${pull.base}`)) ?? pull.baseSha;
  pull.state = 'closed';
  pull.closedAt = instant(core.now());
  pull.updatedAt = pull.closedAt;
  await emitPull(core, repo, pull, 'closed', actor);
}

/** `pull_request` with one of the actions that the sandbox sends. */
export async function emitPull(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  action: 'opened' | 'synchronize' | 'closed' | 'reopened' | 'edited' | 'ready_for_review' | 'converted_to_draft',
  actor: Account,
  more: Json = {},
): Promise<void> {
  core.webhooks.emit('pull_request', {
    action,
    number: pull.number,
    pull_request: await pullView(core, repo, pull),
    repository: repositoryView(core, repo),
    sender: accountView(core, actor),
    ...more,
  });
}

async function pushPayload(
  core: SandboxCore,
  repo: RepositoryContext,
  ref: string,
  before: string | undefined,
  after: string | null,
  actor: Account,
): Promise<Json> {
  const forced = before !== undefined && after !== null && !(await repo.git.isAncestor(before, after));
  const main = await repo.git.ref(`refs/heads/${repo.seed.defaultBranch}`);
  const added = after === null ? [] : await repo.git.between(before ?? (main === after ? undefined : main), after);
  const commits: Json[] = [];
  for (const commit of added.slice(-20)) {
    const parent = await repo.git.commit(commit.parents[0] ?? '');
    const files = await changedFiles(repo.git, parent?.tree, commit.tree);
    const named = (status: string): string[] => files.filter((file) => file.status === status).map((f) => f.filename);
    const { date, ...author } = gitPersonView(commit.author);
    const { date: _written, ...committer } = gitPersonView(commit.committer);
    commits.push({
      id: commit.sha,
      tree_id: commit.tree,
      distinct: true,
      message: commit.message,
      timestamp: date,
      url: `${core.url}/${repo.fullName}/commit/${commit.sha}`,
      author,
      committer,
      added: named('added'),
      modified: named('modified'),
      removed: named('removed'),
    });
  }
  return {
    ref,
    before: before ?? ZERO,
    after: after ?? ZERO,
    created: before === undefined,
    deleted: after === null,
    forced,
    base_ref: null,
    compare: `${core.url}/${repo.fullName}/compare/${(before ?? ZERO).slice(0, 12)}...${(after ?? ZERO).slice(0, 12)}`,
    commits,
    head_commit: commits.at(-1) ?? null,
    repository: repositoryView(core, repo),
    pusher: { name: actor.login, email: actor.email },
    sender: accountView(core, actor),
  };
}
