import { type Json, notFound } from './http-kit.js';
import type { Account, Caller } from './identity.js';
import { addReview } from './pull-acts.js';
import { addLineComment, deletePending, submitReview } from './review-acts.js';
import type { RepositoryContext, SandboxCore } from './sandbox-core.js';
import type { PullRecord, ReviewRecord } from './state-store.js';
import { nodeId } from './views/account.view.js';
import { pullHtml } from './views/pull.view.js';

type Input = { readonly input: Json };

export function actorNode(account: Account): Json {
  return {
    __typename: account.type,
    id: nodeId(account.type, account.id),
    databaseId: account.id,
    login: account.login,
    name: account.name,
  };
}

export function reviewNode(core: SandboxCore, repo: RepositoryContext, review: ReviewRecord): Json {
  return {
    __typename: 'PullRequestReview',
    id: nodeId('PullRequestReview', review.id),
    databaseId: review.id,
    state: review.state,
    body: review.body,
    url: `${pullHtml(core, repo, review.pull)}#pullrequestreview-${review.id}`,
    author: actorNode(core.identities.byId(review.userId)),
    submittedAt: review.state === 'PENDING' ? null : review.submittedAt,
  };
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The mutations by which a review is made over GraphQL: whole, or pending, line by line, and then submitted. */
export function reviewMutations(core: SandboxCore, caller: Caller, account: Account) {
  const pullFor = (id: unknown): { repo: RepositoryContext; pull: PullRecord } => {
    for (const repo of core.allRepositories()) {
      const pull = repo.state.pulls.find((one) => nodeId('PullRequest', one.id) === id);
      if (!pull) continue;
      core.requireAccess(caller, repo, [['pull_requests', 'write']]);
      return { repo, pull };
    }
    throw notFound();
  };
  /** One's own, whatever its state; of another's pending one nobody knows. */
  const reviewFor = (id: unknown): { repo: RepositoryContext; pull: PullRecord; review: ReviewRecord } => {
    for (const repo of core.allRepositories()) {
      const review = repo.state.reviews.find((one) => nodeId('PullRequestReview', one.id) === id);
      const pull = repo.state.pulls.find(({ number }) => number === review?.pull);
      if (!review || !pull || review.userId !== account.id) continue;
      core.requireAccess(caller, repo, [['pull_requests', 'write']]);
      return { repo, pull, review };
    }
    throw notFound();
  };
  return {
    addPullRequestReview: async ({ input }: Input): Promise<Json> => {
      const { repo, pull } = pullFor(input.pullRequestId);
      const review = await addReview(core, repo, pull, account, {
        event: textOf(input.event),
        body: textOf(input.body) ?? '',
        commitId: textOf(input.commitOID),
      });
      return { pullRequestReview: reviewNode(core, repo, review) };
    },
    addPullRequestReviewThread: async ({ input }: Input): Promise<Json> => {
      const { repo, pull, review } = reviewFor(input.pullRequestReviewId);
      const made = await addLineComment(core, repo, pull, review, {
        path: textOf(input.path) ?? '',
        body: textOf(input.body) ?? '',
        line: typeof input.line === 'number' ? input.line : undefined,
        side: textOf(input.side),
        subjectType: textOf(input.subjectType),
      });
      return { thread: made ? { id: nodeId('PullRequestReviewThread', made.id), path: made.path } : null };
    },
    submitPullRequestReview: async ({ input }: Input): Promise<Json> => {
      const { repo, pull, review } = reviewFor(input.pullRequestReviewId);
      const said = { event: textOf(input.event), body: textOf(input.body) ?? '' };
      await submitReview(core, repo, pull, review, account, said);
      return { pullRequestReview: reviewNode(core, repo, review) };
    },
    deletePullRequestReview: async ({ input }: Input): Promise<Json> => {
      const { repo, review } = reviewFor(input.pullRequestReviewId);
      const before = reviewNode(core, repo, review);
      deletePending(repo, review);
      return { pullRequestReview: before };
    },
  };
}
