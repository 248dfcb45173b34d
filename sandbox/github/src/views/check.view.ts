import type { Json } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import type { CheckRecord } from '../state-store.js';
import { appView, nodeId } from './account.view.js';
import { repositoryUrl } from './repository.view.js';

export function checkView(core: SandboxCore, repo: RepositoryContext, check: CheckRecord): Json {
  const url = `${repositoryUrl(core, repo)}/check-runs/${check.id}`;
  const html = `${core.url}/${repo.fullName}/runs/${check.id}`;
  const app = core.seed.apps.find((candidate) => candidate.id === check.appId);
  return {
    id: check.id,
    node_id: nodeId('CheckRun', check.id),
    head_sha: check.headSha,
    external_id: check.externalId,
    url,
    html_url: html,
    details_url: check.detailsUrl || html,
    status: check.status,
    conclusion: check.conclusion,
    started_at: check.startedAt,
    completed_at: check.completedAt,
    output: {
      title: check.output.title,
      summary: check.output.summary,
      text: check.output.text,
      annotations_count: check.output.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    name: check.name,
    check_suite: { id: check.appId * 1_000_000 + 1 },
    app: app ? appView(core, app) : null,
    pull_requests: pullsOf(core, repo, check.headSha),
  };
}

/** The same for a webhook, whose suite is told in full and whose App without the fields only the API has. */
export function checkPayload(core: SandboxCore, repo: RepositoryContext, check: CheckRecord): Json {
  const view = checkView(core, repo, check);
  return {
    ...view,
    check_suite: {
      id: check.appId * 1_000_000 + 1,
      head_branch: repo.state.pulls.find((pull) => pull.headSha === check.headSha)?.head ?? null,
      head_sha: check.headSha,
      status: check.status,
      conclusion: check.conclusion,
      url: `${repositoryUrl(core, repo)}/check-suites/${check.appId * 1_000_000 + 1}`,
      before: null,
      after: check.headSha,
      pull_requests: view.pull_requests,
      app: view.app,
      created_at: check.startedAt,
      updated_at: check.completedAt ?? check.startedAt,
    },
  };
}

function pullsOf(core: SandboxCore, repo: RepositoryContext, sha: string): Json[] {
  const url = repositoryUrl(core, repo);
  const home = { id: repo.seed.id, url, name: repo.seed.name };
  return repo.state.pulls
    .filter((pull) => pull.state === 'open' && pull.headSha === sha)
    .map((pull) => ({
      id: pull.id,
      number: pull.number,
      url: `${url}/pulls/${pull.number}`,
      head: { ref: pull.head, sha: pull.headSha, repo: home },
      base: { ref: pull.base, sha: pull.baseSha, repo: home },
    }));
}
