import { keepEdit } from '../content-edits.js';
import {
  ApiError,
  instant,
  type Needs,
  notFound,
  type RepoRouteContext,
  type Route,
  repoRoute,
  text,
} from '../http-kit.js';
import type { Account } from '../identity.js';
import { pullOf } from '../pull-acts.js';
import type { CommentRecord } from '../state-store.js';
import { accountView } from '../views/account.view.js';
import { hookCommentView, issueView } from '../views/issue.view.js';
import { commentView } from '../views/pull.view.js';
import { repositoryView } from '../views/repository.view.js';
import { actorOf } from './git-ref.routes.js';

/** GitHub takes either permission. */
const READ: Needs = [
  ['pull_requests', 'read'],
  ['issues', 'read'],
];
const WRITE: Needs = [
  ['issues', 'write'],
  ['pull_requests', 'write'],
];

function commentOf({ repo, params }: RepoRouteContext): CommentRecord {
  const found = repo.state.comments.find(({ id }) => String(id) === params.comment_id);
  if (!found) throw notFound();
  return found;
}

/** Its writer may change a comment, and whoever may write to the repository. */
function mayChange({ core, repo }: RepoRouteContext, comment: CommentRecord, actor: Account): boolean {
  const role = core.role(repo, actor);
  return actor.id === comment.userId || actor.type !== 'User' || role === 'write' || role === 'admin';
}

function emit(
  context: RepoRouteContext,
  comment: CommentRecord,
  action: 'created' | 'edited' | 'deleted',
  before?: string,
) {
  const { core, repo } = context;
  const pull = pullOf(repo, String(comment.issue));
  core.webhooks.emit('issue_comment', {
    action,
    ...(before === undefined ? {} : { changes: { body: { from: before } } }),
    issue: issueView(core, repo, pull),
    comment: hookCommentView(core, repo, comment),
    repository: repositoryView(core, repo),
    sender: accountView(core, actorOf(context)),
  });
}

export const commentRoutes: Route[] = [
  repoRoute('GET', '/issues/{issue_number}/comments', READ, async ({ core, repo, params }) => {
    const pull = pullOf(repo, params.issue_number);
    const own = repo.state.comments.filter((comment) => comment.issue === pull.number);
    return { status: 200, list: { items: own.map((comment) => commentView(core, repo, comment)) } };
  }),
  repoRoute('POST', '/issues/{issue_number}/comments', WRITE, async (context) => {
    const { core, repo, params, body } = context;
    const pull = pullOf(repo, params.issue_number);
    const now = instant(core.now());
    const comment = {
      id: core.store.nextId(),
      issue: pull.number,
      userId: actorOf(context).id,
      body: text(body.body),
      createdAt: now,
      updatedAt: now,
    };
    if (comment.body.trim() === '')
      throw new ApiError(422, 'Validation Failed', [
        { resource: 'IssueComment', field: 'body', code: 'missing_field' },
      ]);
    repo.state.comments.push(comment);
    emit(context, comment, 'created');
    return { status: 201, body: commentView(core, repo, comment) };
  }),
  repoRoute('GET', '/issues/comments/{comment_id}', READ, async (context) => ({
    status: 200,
    body: commentView(context.core, context.repo, commentOf(context)),
  })),
  repoRoute('PATCH', '/issues/comments/{comment_id}', WRITE, async (context) => {
    const { core, repo, body } = context;
    const comment = commentOf(context);
    if (!mayChange(context, comment, actorOf(context)))
      throw new ApiError(403, 'Must have admin rights to Repository.');
    const before = comment.body;
    const now = instant(core.now());
    keepEdit(core, comment, { at: now, userId: actorOf(context).id, text: text(body.body) });
    comment.body = text(body.body);
    comment.updatedAt = now;
    emit(context, comment, 'edited', before);
    return { status: 200, body: commentView(core, repo, comment) };
  }),
  repoRoute('DELETE', '/issues/comments/{comment_id}', WRITE, async (context) => {
    const { repo } = context;
    const comment = commentOf(context);
    if (!mayChange(context, comment, actorOf(context)))
      throw new ApiError(403, 'Must have admin rights to Repository.');
    repo.state.comments = repo.state.comments.filter((one) => one !== comment);
    emit(context, comment, 'deleted');
    return { status: 204 };
  }),
];
