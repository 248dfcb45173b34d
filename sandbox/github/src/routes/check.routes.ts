import {
  ApiError,
  instant,
  isRecord,
  type Json,
  notAccessible,
  notFound,
  type RepoRouteContext,
  type Route,
  repoRoute,
  text,
  textOrNull,
} from '../http-kit.js';
import type { Account } from '../identity.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { SeedApp } from '../seed.js';
import type { CheckRecord } from '../state-store.js';
import { accountView } from '../views/account.view.js';
import { checkPayload, checkView } from '../views/check.view.js';
import { repositoryView } from '../views/repository.view.js';

function appOf({ caller }: RepoRouteContext): SeedApp {
  if (caller.kind !== 'installation') throw notAccessible();
  return caller.app;
}

function emitCheck(
  core: SandboxCore,
  repo: RepositoryContext,
  check: CheckRecord,
  action: string,
  actor: Account,
): void {
  core.webhooks.emit('check_run', {
    action,
    check_run: checkPayload(core, repo, check),
    repository: repositoryView(core, repo),
    sender: accountView(core, actor),
  });
}

/** Lays a body over a check. A conclusion completes it, as on GitHub. */
function fill(core: SandboxCore, check: CheckRecord, body: Json): void {
  const now = instant(core.now());
  if (typeof body.name === 'string') check.name = body.name;
  if (typeof body.external_id === 'string') check.externalId = body.external_id;
  if (typeof body.details_url === 'string') check.detailsUrl = body.details_url;
  if (typeof body.started_at === 'string') check.startedAt = body.started_at;
  const status = text(body.status, check.status);
  if (status === 'queued' || status === 'in_progress' || status === 'completed') check.status = status;
  else throw new ApiError(422, 'Invalid request.\n\nOnly GitHub Actions may give that status.');
  if (typeof body.conclusion === 'string') {
    check.conclusion = body.conclusion;
    check.status = 'completed';
  }
  if (check.status === 'completed') {
    if (check.conclusion === null) throw new ApiError(422, 'Invalid request.\n\nMissing conclusion.');
    check.completedAt = text(body.completed_at, check.completedAt ?? now);
  } else {
    check.conclusion = null;
    check.completedAt = null;
  }
  if (!isRecord(body.output)) return;
  const { output } = body;
  const added = Array.isArray(output.annotations) ? output.annotations.filter(isRecord) : [];
  check.output = {
    title: textOrNull(output.title) ?? check.output.title,
    summary: textOrNull(output.summary) ?? check.output.summary,
    text: textOrNull(output.text) ?? check.output.text,
    annotations: [...check.output.annotations, ...added],
  };
}

export const checkRoutes: Route[] = [
  repoRoute('POST', '/check-runs', [['checks', 'write']], async (context) => {
    const { core, repo, body, caller } = context;
    const app = appOf(context);
    const sha = text(body.head_sha);
    if (!(await repo.git.commit(sha))) throw new ApiError(422, `No commit found for SHA: ${sha.slice(0, 40)}`);
    const check: CheckRecord = {
      id: core.store.nextId(),
      appId: app.id,
      name: '',
      headSha: sha,
      status: 'queued',
      conclusion: null,
      startedAt: instant(core.now()),
      completedAt: null,
      externalId: '',
      detailsUrl: '',
      output: { title: null, summary: null, text: null, annotations: [] },
    };
    fill(core, check, body);
    repo.state.checks.push(check);
    if (caller.kind !== 'installation') throw notAccessible();
    emitCheck(core, repo, check, 'created', caller.account);
    if (check.status === 'completed') emitCheck(core, repo, check, 'completed', caller.account);
    return { status: 201, body: checkView(core, repo, check) };
  }),
  repoRoute('GET', '/check-runs/{check_run_id}', [['checks', 'read']], async ({ core, repo, params }) => {
    const check = repo.state.checks.find(({ id }) => String(id) === params.check_run_id);
    if (!check) throw notFound();
    return { status: 200, body: checkView(core, repo, check) };
  }),
  repoRoute('PATCH', '/check-runs/{check_run_id}', [['checks', 'write']], async (context) => {
    const { core, repo, params, body, caller } = context;
    const check = repo.state.checks.find(({ id }) => String(id) === params.check_run_id);
    if (!check || caller.kind !== 'installation') throw notFound();
    if (check.appId !== appOf(context).id)
      throw new ApiError(403, 'Invalid app_id - check run can only be modified by the GitHub App that created it.');
    const next = structuredClone(check);
    fill(core, next, body);
    const completes = next.status === 'completed' && check.status !== 'completed';
    Object.assign(check, next);
    if (completes) emitCheck(core, repo, check, 'completed', caller.account);
    return { status: 200, body: checkView(core, repo, check) };
  }),
  repoRoute('GET', '/commits/{ref}/check-runs', [['checks', 'read']], async (context) => {
    const { core, repo, params, query } = context;
    const { sha } = await core.resolve(repo, params.ref ?? '');
    const found = repo.state.checks.filter(
      (check) =>
        check.headSha === sha &&
        (query.check_name === undefined || check.name === query.check_name) &&
        (query.status === undefined || check.status === query.status) &&
        (query.app_id === undefined || String(check.appId) === query.app_id),
    );
    const latest = new Map(found.map((check) => [`${check.appId}:${check.name}`, check]));
    const kept = query.filter === 'all' ? found : [...latest.values()];
    const items = kept.reverse().map((check) => checkView(core, repo, check));
    const wrap = (check_runs: unknown[]): Json => ({ total_count: items.length, check_runs });
    return { status: 200, list: { items, wrap } };
  }),
];
