import type { Json } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { CommentRecord, PullRecord } from '../state-store.js';
import { accountView, nodeId } from './account.view.js';
import { association, commentView, pullHtml } from './pull.view.js';
import { repositoryUrl } from './repository.view.js';

export const reactionsView = (url: string): Json => ({
  url: `${url}/reactions`,
  total_count: 0,
  '+1': 0,
  '-1': 0,
  laugh: 0,
  hooray: 0,
  confused: 0,
  heart: 0,
  rocket: 0,
  eyes: 0,
});

/** A pull request as the issue that it also is: what webhooks of comments carry. */
export function issueView(core: SandboxCore, repo: RepositoryContext, pull: PullRecord): Json {
  const url = `${repositoryUrl(core, repo)}/issues/${pull.number}`;
  const html = pullHtml(core, repo, pull.number);
  return {
    url,
    repository_url: repositoryUrl(core, repo),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: html,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    number: pull.number,
    title: pull.title,
    user: accountView(core, core.identities.byId(pull.userId)),
    labels: [],
    state: pull.state,
    locked: false,
    assignee: null,
    assignees: [],
    milestone: null,
    comments: repo.state.comments.filter((comment) => comment.issue === pull.number).length,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    author_association: association(core, repo, pull.userId),
    active_lock_reason: null,
    draft: pull.draft,
    pull_request: {
      url: `${repositoryUrl(core, repo)}/pulls/${pull.number}`,
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
    },
    body: pull.body,
    reactions: reactionsView(url),
  };
}

/** `issue-comment` of webhooks: the comment of the API, with reactions. */
export function hookCommentView(core: SandboxCore, repo: RepositoryContext, comment: CommentRecord): Json {
  const view = commentView(core, repo, comment);
  return { ...view, reactions: reactionsView(String(view.url)) };
}
