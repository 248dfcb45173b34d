import type { Json } from '../http-kit.js';
import { canonicalMergeState } from '../merge-rules.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { CommentRecord, PullRecord, ReviewCommentRecord, ReviewRecord } from '../state-store.js';
import { accountView, nodeId } from './account.view.js';
import { changedFiles } from './commit.view.js';
import { repositoryUrl, repositoryView } from './repository.view.js';

export const pullHtml = (core: SandboxCore, repo: RepositoryContext, number: number): string =>
  `${core.url}/ui/${repo.fullName}/pull/${number}`;

/** The base a pull request is shown against: the branch tip while open, what it was when it closed. */
export const baseShaOf = async (repo: RepositoryContext, pull: PullRecord): Promise<string> =>
  pull.state === 'open' ? ((await repo.git.ref(`refs/heads/${pull.base}`)) ?? pull.baseSha) : pull.baseSha;

export const association = (core: SandboxCore, repo: RepositoryContext, userId: number): string => {
  const account = core.identities.byId(userId);
  return core.role(repo, account) ? 'MEMBER' : account.type === 'Bot' ? 'CONTRIBUTOR' : 'NONE';
};

function linksOf(core: SandboxCore, repo: RepositoryContext, pull: PullRecord) {
  const url = repositoryUrl(core, repo);
  const self = `${url}/pulls/${pull.number}`;
  const issue = `${url}/issues/${pull.number}`;
  return {
    self,
    html: pullHtml(core, repo, pull.number),
    issue,
    comments: `${issue}/comments`,
    review_comments: `${self}/comments`,
    review_comment: `${url}/pulls/comments{/number}`,
    commits: `${self}/commits`,
    statuses: `${url}/statuses/${pull.headSha}`,
  };
}

/** `pull-request-simple` of lists and `simple-pull-request` of webhooks. */
export async function pullSimpleView(core: SandboxCore, repo: RepositoryContext, pull: PullRecord): Promise<Json> {
  const links = linksOf(core, repo, pull);
  const owner = core.identities.byId(repo.seed.owner.id);
  const side = (ref: string, sha: string): Json => ({
    label: `${owner.login}:${ref}`,
    ref,
    sha,
    user: accountView(core, owner),
    repo: repositoryView(core, repo),
  });
  return {
    url: links.self,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    html_url: links.html,
    diff_url: `${links.html}.diff`,
    patch_url: `${links.html}.patch`,
    issue_url: links.issue,
    commits_url: links.commits,
    review_comments_url: links.review_comments,
    review_comment_url: links.review_comment,
    comments_url: links.comments,
    statuses_url: links.statuses,
    number: pull.number,
    state: pull.state,
    locked: false,
    active_lock_reason: null,
    title: pull.title,
    user: accountView(core, core.identities.byId(pull.userId)),
    body: pull.body,
    labels: [],
    milestone: null,
    assignee: null,
    assignees: [],
    requested_reviewers: pull.reviewerIds.map((id) => accountView(core, core.identities.byId(id))),
    requested_teams: [],
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeSha,
    draft: pull.draft,
    head: side(pull.head, pull.headSha),
    base: side(pull.base, await baseShaOf(repo, pull)),
    _links: Object.fromEntries(Object.entries(links).map(([name, href]) => [name, { href }])),
    author_association: association(core, repo, pull.userId),
    auto_merge: null,
  };
}

/** `pull-request`: with counts and whether it can be merged. */
export async function pullView(core: SandboxCore, repo: RepositoryContext, pull: PullRecord): Promise<Json> {
  const base = await baseShaOf(repo, pull);
  const from = (await repo.git.mergeBase(base, pull.headSha)) ?? base;
  const [fromCommit, headCommit] = [await repo.git.commit(from), await repo.git.commit(pull.headSha)];
  const files = headCommit ? await changedFiles(repo.git, fromCommit?.tree, headCommit.tree) : [];
  const commits = await repo.git.between(from, pull.headSha);
  const merge = await canonicalMergeState(core, repo, pull);
  const total = (key: 'additions' | 'deletions'): number => files.reduce((sum, file) => sum + file[key], 0);
  return {
    ...(await pullSimpleView(core, repo, pull)),
    merged: pull.mergedAt !== null,
    mergeable: merge.mergeable,
    rebaseable: merge.mergeable,
    mergeable_state: merge.state,
    merged_by: pull.mergedById === null ? null : accountView(core, core.identities.byId(pull.mergedById)),
    comments: repo.state.comments.filter((comment) => comment.issue === pull.number).length,
    review_comments: repo.state.reviewComments.filter((comment) => comment.pull === pull.number).length,
    maintainer_can_modify: false,
    commits: commits.length,
    additions: total('additions'),
    deletions: total('deletions'),
    changed_files: files.length,
  };
}

export function reviewView(core: SandboxCore, repo: RepositoryContext, review: ReviewRecord): Json {
  const html = `${pullHtml(core, repo, review.pull)}#pullrequestreview-${review.id}`;
  const pull = `${repositoryUrl(core, repo)}/pulls/${review.pull}`;
  return {
    id: review.id,
    node_id: nodeId('PullRequestReview', review.id),
    user: accountView(core, core.identities.byId(review.userId)),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: pull,
    _links: { html: { href: html }, pull_request: { href: pull } },
    submitted_at: review.submittedAt,
    commit_id: review.commitId,
    author_association: association(core, repo, review.userId),
  };
}

/** `pull-request-review-comment`: a comment on a line of the diff. */
export function reviewCommentView(core: SandboxCore, repo: RepositoryContext, comment: ReviewCommentRecord): Json {
  const pull = `${repositoryUrl(core, repo)}/pulls/${comment.pull}`;
  const url = `${repositoryUrl(core, repo)}/pulls/comments/${comment.id}`;
  const html = `${pullHtml(core, repo, comment.pull)}#discussion_r${comment.id}`;
  return {
    id: comment.id,
    node_id: nodeId('PullRequestReviewComment', comment.id),
    pull_request_review_id: comment.review,
    url,
    html_url: html,
    pull_request_url: pull,
    diff_hunk: comment.diffHunk,
    path: comment.path,
    ...(comment.line === null ? {} : { line: comment.line, original_line: comment.line }),
    side: comment.side,
    subject_type: comment.line === null ? 'file' : 'line',
    commit_id: comment.commitId,
    original_commit_id: comment.commitId,
    user: accountView(core, core.identities.byId(comment.userId)),
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.createdAt,
    author_association: association(core, repo, comment.userId),
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: pull } },
  };
}

/** `review-dismissed-issue-event` of a timeline. */
export function dismissalView(core: SandboxCore, repo: RepositoryContext, { id, dismissal }: ReviewRecord): Json {
  return {
    id: dismissal?.id,
    node_id: nodeId('ReviewDismissedEvent', dismissal?.id ?? 0),
    url: `${repositoryUrl(core, repo)}/issues/events/${dismissal?.id}`,
    actor: accountView(core, core.identities.byId(dismissal?.by ?? 0)),
    event: 'review_dismissed',
    commit_id: null,
    commit_url: null,
    created_at: dismissal?.at,
    performed_via_github_app: null,
    dismissed_review: { state: dismissal?.was, review_id: id, dismissal_message: dismissal?.message },
  };
}

export function commentView(core: SandboxCore, repo: RepositoryContext, comment: CommentRecord): Json {
  return {
    id: comment.id,
    node_id: nodeId('IssueComment', comment.id),
    url: `${repositoryUrl(core, repo)}/issues/comments/${comment.id}`,
    html_url: `${pullHtml(core, repo, comment.issue)}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(core, repo)}/issues/${comment.issue}`,
    user: accountView(core, core.identities.byId(comment.userId)),
    body: comment.body,
    created_at: comment.createdAt,
    updated_at: comment.updatedAt,
    author_association: association(core, repo, comment.userId),
    performed_via_github_app: null,
  };
}
