import { ApiError, notFound, type RepoRouteContext, type Route, repoRoute, text } from '../http-kit.js';
import { addReview, emitReview, pullOf } from '../pull-acts.js';
import type { ReviewRecord } from '../state-store.js';
import { reviewView } from '../views/pull.view.js';
import { actorOf } from './git-ref.routes.js';

const READ: Array<['pull_requests', 'read']> = [['pull_requests', 'read']];

function reviewOf({ repo, params }: RepoRouteContext): ReviewRecord {
  const pull = pullOf(repo, params.pull_number);
  const found = repo.state.reviews.find((r) => r.pull === pull.number && String(r.id) === params.review_id);
  if (!found) throw notFound();
  return found;
}

/** A pending review is its writer's alone. */
const isVisible = (context: RepoRouteContext, review: ReviewRecord): boolean =>
  review.state !== 'PENDING' || actorOf(context).id === review.userId;

export const reviewRoutes: Route[] = [
  repoRoute('GET', '/pulls/{pull_number}/reviews', READ, async (context) => {
    const { core, repo, params } = context;
    const pull = pullOf(repo, params.pull_number);
    const own = repo.state.reviews.filter((review) => review.pull === pull.number && isVisible(context, review));
    return { status: 200, list: { items: own.map((review) => reviewView(core, repo, review)) } };
  }),
  repoRoute('POST', '/pulls/{pull_number}/reviews', [['pull_requests', 'write']], async (context) => {
    const { core, repo, params, body } = context;
    if (Array.isArray(body.comments) && body.comments.length > 0)
      throw new ApiError(422, 'Unprocessable Entity', ['The sandbox has no comments on lines']);
    const review = await addReview(core, repo, pullOf(repo, params.pull_number), actorOf(context), {
      event: typeof body.event === 'string' ? body.event : undefined,
      body: text(body.body),
      commitId: typeof body.commit_id === 'string' ? body.commit_id : undefined,
    });
    return { status: 200, body: reviewView(core, repo, review) };
  }),
  repoRoute('GET', '/pulls/{pull_number}/reviews/{review_id}', READ, async (context) => {
    const review = reviewOf(context);
    if (!isVisible(context, review)) throw notFound();
    return { status: 200, body: reviewView(context.core, context.repo, review) };
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
      review.state = 'DISMISSED';
      await emitReview(core, repo, pullOf(repo, params.pull_number), review, 'dismissed', actorOf(context));
      return { status: 200, body: reviewView(core, repo, review) };
    },
  ),
];
