import { closePull, emitPull, moveRef } from './branch-updates.js';
import { ApiError, instant } from './http-kit.js';
import { type Account, WEB_FLOW } from './identity.js';
import { canonicalMergeState } from './merge-rules.js';
import type { RepositoryContext, SandboxCore } from './sandbox-core.js';
import type { PullRecord, ReviewRecord, ReviewState } from './state-store.js';
import { accountView } from './views/account.view.js';
import { pullSimpleView, reviewView } from './views/pull.view.js';
import { repositoryView } from './views/repository.view.js';

/** The acts on a pull request that more than one road leads to: REST, GraphQL, the pages. Callers hold the write lock. */
export async function setDraft(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  draft: boolean,
  actor: Account,
): Promise<void> {
  if (pull.draft === draft) return;
  pull.draft = draft;
  pull.updatedAt = instant(core.now());
  await emitPull(core, repo, pull, draft ? 'converted_to_draft' : 'ready_for_review', actor);
}

const STATE: Record<string, ReviewState> = {
  APPROVE: 'APPROVED',
  REQUEST_CHANGES: 'CHANGES_REQUESTED',
  COMMENT: 'COMMENTED',
};
export const unprocessable = (message: string): ApiError => new ApiError(422, 'Unprocessable Entity', [message]);

export interface ReviewInput {
  event: string | undefined;
  body: string;
  commitId: string | undefined;
}

/** The state an event leads to, refusing what GitHub refuses: authors judging themselves, a closed pull request. */
export function stateFor(
  pull: PullRecord,
  actor: Account,
  { event, body }: Pick<ReviewInput, 'event' | 'body'>,
): ReviewState {
  const state = event === undefined ? 'PENDING' : STATE[event];
  if (state === undefined) throw unprocessable('event is not known');
  const judges = state === 'APPROVED' || state === 'CHANGES_REQUESTED';
  if (judges && actor.id === pull.userId)
    throw unprocessable(
      state === 'APPROVED'
        ? 'Can not approve your own pull request'
        : 'Can not request changes on your own pull request',
    );
  if (judges && pull.state === 'closed')
    throw unprocessable('Can not approve or request changes on a closed pull request');
  if ((state === 'COMMENTED' || state === 'CHANGES_REQUESTED') && body.trim() === '')
    throw unprocessable('Body cannot be blank');
  return state;
}

/** A review by somebody of a commit of the pull request; one pending review an account. */
export async function addReview(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  actor: Account,
  input: ReviewInput,
): Promise<ReviewRecord> {
  const state = stateFor(pull, actor, input);
  if (repo.state.reviews.some((r) => r.pull === pull.number && r.userId === actor.id && r.state === 'PENDING'))
    throw unprocessable('User can only have one pending review per pull request');
  const commitId = input.commitId ?? pull.headSha;
  const base = pull.state === 'open' ? await repo.git.ref(`refs/heads/${pull.base}`) : pull.baseSha;
  const own = await repo.git.between(base ?? pull.baseSha, pull.headSha);
  if (!own.some(({ sha }) => sha === commitId)) throw unprocessable('commit_id is not part of the pull request');
  const review: ReviewRecord = {
    id: core.store.nextId(),
    pull: pull.number,
    userId: actor.id,
    body: input.body,
    state,
    commitId,
    submittedAt: instant(core.now()),
  };
  // An approval of an older commit is stale from the start where the branch dismisses stale ones.
  if (state === 'APPROVED' && commitId !== pull.headSha && core.protection(repo, pull.base)?.dismissStaleReviews)
    review.state = 'DISMISSED';
  repo.state.reviews.push(review);
  if (state !== 'PENDING') await emitReview(core, repo, pull, review, 'submitted', actor);
  return review;
}

export async function emitReview(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  review: ReviewRecord,
  action: 'submitted' | 'dismissed' | 'edited',
  actor: Account,
  before?: string,
): Promise<void> {
  const view = reviewView(core, repo, review);
  core.webhooks.emit('pull_request_review', {
    action,
    ...(before === undefined ? {} : { changes: { body: { from: before } } }),
    review: { ...view, state: String(view.state).toLowerCase(), body: review.body === '' ? null : review.body },
    pull_request: await pullSimpleView(core, repo, pull),
    repository: repositoryView(core, repo),
    sender: accountView(core, actor),
  });
}

export interface MergeInput {
  sha?: string;
  method: 'merge' | 'squash' | 'rebase';
  title?: string;
  message?: string;
}

/** Merges as GitHub does, or throws its 405 or 409. Answers the commit that the base branch now points at. */
export async function mergePull(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  actor: Account,
  input: MergeInput,
): Promise<string> {
  if (pull.state === 'closed') throw new ApiError(405, 'Pull Request is not mergeable');
  if (input.sha !== undefined && input.sha !== pull.headSha)
    throw new ApiError(409, 'Head branch was modified. Review and try the merge again.');
  if (input.method === 'rebase') throw new ApiError(405, 'Rebase merges are not allowed on this repository.');
  const { refusal } = await canonicalMergeState(core, repo, pull);
  if (refusal) throw new ApiError(405, refusal);
  const base = (await repo.git.ref(`refs/heads/${pull.base}`)) ?? pull.baseSha;
  const tree = await repo.git.mergedTree(base, pull.headSha);
  if (tree === undefined) throw new ApiError(405, 'Pull Request is not mergeable');
  const isMerge = input.method === 'merge';
  const title =
    input.title ??
    (isMerge
      ? `Merge pull request #${pull.number} from ${repo.seed.owner.login}/${pull.head}`
      : `${pull.title} (#${pull.number})`);
  const message = input.message ?? (isMerge ? pull.title : '');
  const sha = await repo.git.writeCommit({
    tree,
    parents: isMerge ? [base, pull.headSha] : [base],
    message: message === '' ? title : `${title}\n\n${message}`,
    author: core.person(actor),
    committer: core.person(WEB_FLOW),
  });
  await moveRef(core, repo, `refs/heads/${pull.base}`, sha, actor);
  pull.mergedAt = instant(core.now());
  pull.mergedById = actor.id;
  pull.mergeSha = sha;
  await closePull(core, repo, pull, actor);
  pull.baseSha = base;
  return sha;
}

/** Merges the base branch into the head branch. @throws 422 in GitHub's words */
export async function updateFromBase(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  actor: Account,
  expected: string | undefined,
): Promise<void> {
  if (pull.state === 'closed') throw new ApiError(422, 'Pull request is closed');
  if (expected !== undefined && expected !== pull.headSha)
    throw new ApiError(422, "expected head sha didn't match current head ref.");
  const base = (await repo.git.ref(`refs/heads/${pull.base}`)) ?? pull.baseSha;
  if (await repo.git.isAncestor(base, pull.headSha))
    throw new ApiError(422, 'There are no new commits on the base branch.');
  const tree = await repo.git.mergedTree(pull.headSha, base);
  if (tree === undefined) throw new ApiError(422, 'merge conflict between base and head');
  const sha = await repo.git.writeCommit({
    tree,
    parents: [pull.headSha, base],
    message: `Merge branch '${pull.base}' into ${pull.head}`,
    author: core.person(actor),
    committer: core.person(WEB_FLOW),
  });
  await moveRef(core, repo, `refs/heads/${pull.head}`, sha, actor);
}

/** The open or closed pull request of a number; 404 where there is none. */
export function pullOf(repo: RepositoryContext, number: string | undefined): PullRecord {
  const found = repo.state.pulls.find((pull) => String(pull.number) === number);
  if (!found) throw new ApiError(404, 'Not Found');
  return found;
}
