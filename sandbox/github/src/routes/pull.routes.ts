import { closePull, emitPull } from '../branch-updates.js';
import { keepEdit } from '../content-edits.js';
import {
  ApiError,
  instant,
  invalid,
  type Json,
  type RepoRouteContext,
  type Route,
  repoRoute,
  text,
  textOrNull,
} from '../http-kit.js';
import { pullOf } from '../pull-acts.js';
import type { PullRecord } from '../state-store.js';
import { pullSimpleView, pullView } from '../views/pull.view.js';
import { actorOf } from './git-ref.routes.js';
import { diffOf } from './pull-change.routes.js';

/** `branch` or `owner:branch`; undefined for a branch of somebody else's repository. */
function ownBranch(owner: string, name: string): string | undefined {
  const [before = '', after] = name.split(':', 2);
  if (after === undefined) return before;
  return before.toLowerCase() === owner.toLowerCase() ? after : undefined;
}

async function createPull(context: RepoRouteContext): Promise<PullRecord> {
  const { core, repo, body } = context;
  const owner = repo.seed.owner.login;
  const head = ownBranch(owner, text(body.head));
  const base = text(body.base);
  const headSha = head === undefined ? undefined : await repo.git.ref(`refs/heads/${head}`);
  const baseSha = await repo.git.ref(`refs/heads/${base}`);
  if (head === undefined || !headSha) throw invalid('PullRequest', 'head');
  if (!baseSha) throw invalid('PullRequest', 'base');
  if (text(body.title).trim() === '')
    throw new ApiError(422, 'Validation Failed', [{ resource: 'PullRequest', field: 'title', code: 'missing_field' }]);
  if ((await repo.git.between(baseSha, headSha)).length === 0)
    throw invalid('PullRequest', 'head', `No commits between ${base} and ${head}`);
  if (repo.state.pulls.some((pull) => pull.state === 'open' && pull.head === head && pull.base === base))
    throw invalid('PullRequest', 'head', `A pull request already exists for ${owner}:${head}.`);
  const now = instant(core.now());
  const pull: PullRecord = {
    id: core.store.nextId(),
    number: repo.state.nextNumber++,
    title: text(body.title),
    body: textOrNull(body.body),
    draft: body.draft === true,
    state: 'open',
    userId: actorOf(context).id,
    head,
    base,
    headSha,
    baseSha,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
    mergedAt: null,
    mergedById: null,
    mergeSha: null,
    reviewerIds: [],
  };
  repo.state.pulls.push(pull);
  return pull;
}

async function editPull(context: RepoRouteContext, pull: PullRecord): Promise<void> {
  const { core, repo, body } = context;
  const actor = actorOf(context);
  if (body.state === 'open' && pull.state === 'closed') {
    const head = await repo.git.ref(`refs/heads/${pull.head}`);
    if (pull.mergedAt || !head) throw invalid('PullRequest', 'state', 'state cannot be changed.');
    pull.headSha = head;
    pull.state = 'open';
    pull.closedAt = null;
    await emitPull(core, repo, pull, 'reopened', actor);
  }
  const changes: Json = {};
  const { title, body: words, base } = body;
  if (typeof base === 'string' && base !== pull.base) {
    const sha = await repo.git.ref(`refs/heads/${base}`);
    if (!sha || pull.state === 'closed') throw invalid('PullRequest', 'base');
    changes.base = { ref: { from: pull.base }, sha: { from: pull.baseSha } };
    Object.assign(pull, { base, baseSha: sha });
  }
  if (typeof title === 'string' && title !== pull.title) {
    if (title.trim() === '') throw invalid('PullRequest', 'title');
    changes.title = { from: pull.title };
    pull.title = title;
  }
  if (words !== undefined && words !== pull.body) {
    changes.body = { from: pull.body ?? '' };
    keepEdit(core, pull, { at: instant(core.now()), userId: actor.id, text: textOrNull(words) ?? '' });
    pull.body = textOrNull(words);
  }
  if (Object.keys(changes).length > 0) {
    pull.updatedAt = instant(core.now());
    await emitPull(core, repo, pull, 'edited', actor, { changes });
  }
  if (body.state === 'closed' && pull.state === 'open') await closePull(core, repo, pull, actor);
}

export const pullRoutes: Route[] = [
  repoRoute('GET', '/pulls', [['pull_requests', 'read']], async ({ core, repo, query }) => {
    const state = query.state ?? 'open';
    const head = query.head === undefined ? undefined : (ownBranch(repo.seed.owner.login, query.head) ?? '');
    const found = repo.state.pulls.filter(
      (pull) =>
        (state === 'all' || pull.state === state) &&
        (head === undefined || pull.head === head) &&
        (query.base === undefined || pull.base === query.base),
    );
    const key = query.sort === 'updated' ? 'updatedAt' : 'createdAt';
    found.sort((a, b) => a[key].localeCompare(b[key]) || a.number - b.number);
    const oldestFirst =
      query.direction === 'asc' ||
      (query.direction === undefined && query.sort !== undefined && query.sort !== 'created');
    if (!oldestFirst) found.reverse();
    return { status: 200, list: { items: await Promise.all(found.map((pull) => pullSimpleView(core, repo, pull))) } };
  }),
  repoRoute('POST', '/pulls', [['pull_requests', 'write']], async (context) => {
    const { core, repo } = context;
    const pull = await createPull(context);
    await emitPull(core, repo, pull, 'opened', actorOf(context));
    return { status: 201, body: await pullView(core, repo, pull) };
  }),
  repoRoute('GET', '/pulls/{pull_number}', [['pull_requests', 'read']], async ({ core, repo, params, accept }) => {
    const pull = pullOf(repo, params.pull_number);
    if (accept.includes('.diff'))
      return {
        status: 200,
        raw: { type: 'application/vnd.github.v3.diff; charset=utf-8', data: await diffOf(repo, pull) },
      };
    return { status: 200, body: await pullView(core, repo, pull) };
  }),
  repoRoute('PATCH', '/pulls/{pull_number}', [['pull_requests', 'write']], async (context) => {
    const { core, repo, params } = context;
    const pull = pullOf(repo, params.pull_number);
    await editPull(context, pull);
    return { status: 200, body: await pullView(core, repo, pull) };
  }),
];
