import { ApiError, instant } from './http-kit.js';
import type { Account } from './identity.js';
import { emitReview, type ReviewInput, stateFor, unprocessable } from './pull-acts.js';
import type { RepositoryContext, SandboxCore } from './sandbox-core.js';
import type { PullRecord, ReviewCommentRecord, ReviewRecord } from './state-store.js';
import { changedFiles } from './views/commit.view.js';
import { baseShaOf } from './views/pull.view.js';

/** What a pending review goes through until it is submitted. Callers hold the write lock. */
export interface LineCommentInput {
  path: string;
  body: string;
  line: number | undefined;
  side: string | undefined;
  subjectType: string | undefined;
}

/** A pending review is its writer's alone. */
export const isVisibleTo = (account: Account, review: ReviewRecord): boolean =>
  review.state !== 'PENDING' || account.id === review.userId;

/** The hunk of a patch that shows a line on one side; undefined where no hunk does. */
export function hunkOf(patch: string, line: number, side: 'LEFT' | 'RIGHT'): string | undefined {
  for (const part of patch.split(/^(?=@@ )/m)) {
    const hunk = part.replace(/\n$/, '');
    const [, left = '0', right = '0'] = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(hunk) ?? [];
    let at = Number(side === 'LEFT' ? left : right);
    for (const row of hunk.split('\n').slice(1)) {
      if (row.startsWith(side === 'LEFT' ? '+' : '-')) continue;
      if (at === line) return hunk;
      at += 1;
    }
  }
  return undefined;
}

/**
 * A comment on a line of the reviewed commit's diff, or on a whole changed file.
 * @returns undefined where the diff does not show the place: GitHub answers null then
 */
export async function addLineComment(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  review: ReviewRecord,
  input: LineCommentInput,
): Promise<ReviewCommentRecord | undefined> {
  if (review.state !== 'PENDING') throw unprocessable('The review is not pending');
  if (input.body.trim() === '') throw unprocessable('Body cannot be blank');
  const side = input.side === 'LEFT' ? 'LEFT' : 'RIGHT';
  const from = await repo.git.mergeBase(await baseShaOf(repo, pull), review.commitId);
  const [base, head] = [from ? await repo.git.commit(from) : undefined, await repo.git.commit(review.commitId)];
  const files = head ? await changedFiles(repo.git, base?.tree, head.tree) : [];
  const file = files.find(({ filename }) => filename === input.path);
  const line = input.subjectType === 'FILE' ? null : (input.line ?? Number.NaN);
  const hunk = line === null ? file && '' : hunkOf(file?.patch ?? '', line, side);
  if (!file || hunk === undefined) return undefined;
  const made: ReviewCommentRecord = {
    id: core.store.nextId(),
    review: review.id,
    pull: pull.number,
    userId: review.userId,
    body: input.body,
    path: input.path,
    ...{ line, side },
    commitId: review.commitId,
    diffHunk: hunk,
    createdAt: instant(core.now()),
  };
  repo.state.reviewComments.push(made);
  return made;
}

export async function submitReview(
  core: SandboxCore,
  repo: RepositoryContext,
  pull: PullRecord,
  review: ReviewRecord,
  actor: Account,
  input: Pick<ReviewInput, 'event' | 'body'>,
): Promise<void> {
  if (review.state !== 'PENDING') throw unprocessable('Can not submit a review that is not pending');
  if (input.event === undefined) throw unprocessable('event is missing');
  review.state = stateFor(pull, actor, input);
  review.body = input.body;
  review.submittedAt = instant(core.now());
  await emitReview(core, repo, pull, review, 'submitted', actor);
}

/** Takes a pending review away, and what was said in it. A submitted one stays for ever. */
export function deletePending(repo: RepositoryContext, review: ReviewRecord): void {
  if (review.state !== 'PENDING')
    throw new ApiError(422, 'Can not delete a non-pending pull request review', [
      'Can not delete a non-pending pull request review',
    ]);
  repo.state.reviews = repo.state.reviews.filter(({ id }) => id !== review.id);
  repo.state.reviewComments = repo.state.reviewComments.filter((comment) => comment.review !== review.id);
}
