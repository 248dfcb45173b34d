import {
  ApiError,
  instant,
  isRecord,
  type Json,
  notFound,
  type RepoRouteContext,
  type Route,
  repoRoute,
  text,
} from '../http-kit.js';
import { addReview, emitReview, pullOf } from '../pull-acts.js';
import { addLineComment, deletePending, isVisibleTo, submitReview } from '../review-acts.js';
import type { ReviewRecord } from '../state-store.js';
import { dismissalView, reviewCommentView, reviewView } from '../views/pull.view.js';
import { actorOf } from './git-ref.routes.js';

const READ: Array<['pull_requests', 'read']> = [['pull_requests', 'read']];

function reviewOf({ repo, params }: RepoRouteContext): ReviewRecord {
  const pull = pullOf(repo, params.pull_number);
  const found = repo.state.reviews.find((r) => r.pull === pull.number && String(r.id) === params.review_id);
  if (!found) throw notFound();
  return found;
}

const isVisible = (context: RepoRouteContext, review: ReviewRecord): boolean => isVisibleTo(actorOf(context), review);

const eventOf = (body: Json): string | undefined => (typeof body.event === 'string' ? body.event : undefined);

/** A review of one's own that is not submitted yet; of anybody else's nobody knows. */
function pendingOf(context: RepoRouteContext): ReviewRecord {
  const review = reviewOf(context);
  if (actorOf(context).id !== review.userId) throw notFound();
  return review;
}

/** All the comments of one request, or none: a line that the diff does not show refuses the whole review. */
async function createReview(context: RepoRouteContext): Promise<ReviewRecord> {
  const { core, repo, params, body } = context;
  const [pull, actor] = [pullOf(repo, params.pull_number), actorOf(context)];
  const commitId = typeof body.commit_id === 'string' ? body.commit_id : undefined;
  const comments = (Array.isArray(body.comments) ? body.comments : []).filter(isRecord);
  const said = { event: eventOf(body), body: text(body.body), commitId };
  if (comments.length === 0) return addReview(core, repo, pull, actor, said);
  const review = await addReview(core, repo, pull, actor, { ...said, event: undefined });
  try {
    for (const comment of comments) {
      const made = await addLineComment(core, repo, pull, review, {
        path: text(comment.path),
        body: text(comment.body),
        line: typeof comment.line === 'number' ? comment.line : undefined,
        side: typeof comment.side === 'string' ? comment.side : undefined,
        subjectType: undefined,
      });
      if (!made) throw new ApiError(422, 'Unprocessable Entity', ['Line could not be resolved']);
    }
    if (said.event !== undefined) {
      await submitReview(core, repo, pull, review, actor, { event: said.event, body: said.body });
    }
    return review;
  } catch (error) {
    deletePending(repo, review);
    throw error;
  }
}

export const reviewRoutes: Route[] = [
  repoRoute('GET', '/pulls/{pull_number}/reviews', READ, async (context) => {
    const { core, repo, params } = context;
    const pull = pullOf(repo, params.pull_number);
    const own = repo.state.reviews.filter((review) => review.pull === pull.number && isVisible(context, review));
    return { status: 200, list: { items: own.map((review) => reviewView(core, repo, review)) } };
  }),
  // Of what happened to a pull request the sandbox tells which reviews were dismissed, by whom.
  repoRoute('GET', '/issues/{issue_number}/timeline', READ, async ({ core, repo, params }) => {
    const pull = pullOf(repo, params.issue_number);
    const dismissed = repo.state.reviews.filter((review) => review.pull === pull.number && review.dismissal);
    return { status: 200, list: { items: dismissed.map((review) => dismissalView(core, repo, review)) } };
  }),
  repoRoute('POST', '/pulls/{pull_number}/reviews', [['pull_requests', 'write']], async (context) => {
    const review = await createReview(context);
    return { status: 200, body: reviewView(context.core, context.repo, review) };
  }),
  repoRoute(
    'POST',
    '/pulls/{pull_number}/reviews/{review_id}/events',
    [['pull_requests', 'write']],
    async (context) => {
      const { core, repo, params, body } = context;
      const review = pendingOf(context);
      const said = { event: eventOf(body), body: text(body.body) };
      await submitReview(core, repo, pullOf(repo, params.pull_number), review, actorOf(context), said);
      return { status: 200, body: reviewView(core, repo, review) };
    },
  ),
  repoRoute('DELETE', '/pulls/{pull_number}/reviews/{review_id}', [['pull_requests', 'write']], async (context) => {
    const review = pendingOf(context);
    deletePending(context.repo, review);
    return { status: 200, body: reviewView(context.core, context.repo, review) };
  }),
  repoRoute('GET', '/pulls/{pull_number}/comments', READ, async (context) => {
    const { core, repo, params } = context;
    const pull = pullOf(repo, params.pull_number);
    const shown = new Set(repo.state.reviews.filter(({ state }) => state !== 'PENDING').map(({ id }) => id));
    const own = repo.state.reviewComments.filter((one) => one.pull === pull.number && shown.has(one.review));
    return { status: 200, list: { items: own.map((comment) => reviewCommentView(core, repo, comment)) } };
  }),
  repoRoute('GET', '/pulls/{pull_number}/reviews/{review_id}', READ, async (context) => {
    const review = reviewOf(context);
    if (!isVisible(context, review)) throw notFound();
    return { status: 200, body: reviewView(context.core, context.repo, review) };
  }),
  repoRoute('PUT', '/pulls/{pull_number}/reviews/{review_id}', [['pull_requests', 'write']], async (context) => {
    const { core, repo, params, body } = context;
    const [review, actor] = [reviewOf(context), actorOf(context)];
    if (actor.id !== review.userId) throw new ApiError(403, 'Must have admin rights to Repository.');
    const before = review.body;
    review.body = text(body.body);
    await emitReview(core, repo, pullOf(repo, params.pull_number), review, 'edited', actor, before);
    return { status: 200, body: reviewView(core, repo, review) };
  }),
  repoRoute(
    'PUT',
    '/pulls/{pull_number}/reviews/{review_id}/dismissals',
    [['pull_requests', 'write']],
    async (context) => {
      const { core, repo, params } = context;
      const review = reviewOf(context);
      if (review.state !== 'APPROVED' && review.state !== 'CHANGES_REQUESTED')
        throw new ApiError(422, 'Unprocessable Entity', [
          'Can not dismiss a commented or dismissed pull request review',
        ]);
      review.dismissal = {
        id: core.store.nextId(),
        by: actorOf(context).id,
        at: instant(core.now()),
        message: text(context.body.message),
        was: review.state === 'APPROVED' ? 'approved' : 'changes_requested',
      };
      review.state = 'DISMISSED';
      await emitReview(core, repo, pullOf(repo, params.pull_number), review, 'dismissed', actorOf(context));
      return { status: 200, body: reviewView(core, repo, review) };
    },
  ),
];
