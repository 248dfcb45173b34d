import type { ArtifactRecord, JobRecord, WorkflowRunRecord } from '../actions/action-records.js';
import type { GitCommit } from '../git-store.js';
import { instant, type Json } from '../http-kit.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { accountView, EPOCH, nodeId } from './account.view.js';
import { repositoryLiteView, repositoryUrl } from './repository.view.js';

const branchOf = ({ ref }: WorkflowRunRecord): string => ref.replace(/^refs\/(heads|tags)\//, '');

/** `workflow` of the API and of webhooks. */
export function workflowView(
  core: SandboxCore,
  repo: RepositoryContext,
  workflow: { readonly workflowId: number; readonly path: string; readonly name: string },
): Json {
  const { workflowId: id, path, name } = workflow;
  const html = `${core.url}/${repo.fullName}`;
  return {
    ...{ id, node_id: nodeId('Workflow', id), name, path, state: 'active', created_at: EPOCH, updated_at: EPOCH },
    url: `${repositoryUrl(core, repo)}/actions/workflows/${id}`,
    html_url: `${html}/blob/${repo.seed.defaultBranch}/${path}`,
    badge_url: `${html}/workflows/${encodeURIComponent(name)}/badge.svg`,
  };
}

/** `workflow-run` of the API and of webhooks. */
export function runPayload(
  core: SandboxCore,
  repo: RepositoryContext,
  run: WorkflowRunRecord,
  commit: GitCommit,
): Json {
  const url = `${repositoryUrl(core, repo)}/actions/runs/${run.id}`;
  const actor = accountView(core, core.identities.byId(run.actorId));
  const suite = run.id + 1_000_000_000;
  // The published contract wants an address here, which that of a bot (`...[bot]@...`) is not.
  const person = ({ name, email }: GitCommit['author']) => ({ name, email: email.replaceAll(/[[\]]/g, '') });
  return {
    ...{ id: run.id, name: run.name, node_id: nodeId('WorkflowRun', run.id) },
    ...{ check_suite_id: suite, check_suite_node_id: nodeId('CheckSuite', suite) },
    ...{ head_branch: branchOf(run), head_sha: run.headSha, path: run.path, display_title: run.title },
    ...{ run_number: run.number, run_attempt: 1, event: 'workflow_dispatch', pull_requests: [] },
    ...{ status: run.status, conclusion: run.conclusion, workflow_id: run.workflowId },
    ...{ created_at: run.createdAt, updated_at: run.updatedAt, run_started_at: run.startedAt },
    ...{ url, html_url: `${core.url}/${repo.fullName}/actions/runs/${run.id}` },
    ...{ jobs_url: `${url}/jobs`, logs_url: `${url}/logs`, artifacts_url: `${url}/artifacts` },
    ...{ cancel_url: `${url}/cancel`, rerun_url: `${url}/rerun`, previous_attempt_url: null },
    check_suite_url: `${repositoryUrl(core, repo)}/check-suites/${suite}`,
    workflow_url: `${repositoryUrl(core, repo)}/actions/workflows/${run.workflowId}`,
    head_commit: {
      ...{ id: commit.sha, tree_id: commit.tree, message: commit.message },
      timestamp: instant(new Date(commit.committer.timestamp * 1000)),
      ...{ author: person(commit.author), committer: person(commit.committer) },
    },
    ...{ actor, triggering_actor: actor },
    ...{ repository: repositoryLiteView(core, repo), head_repository: repositoryLiteView(core, repo) },
  };
}

/** `job` of the API and `workflow_job` of webhooks. */
export function jobPayload(core: SandboxCore, repo: RepositoryContext, run: WorkflowRunRecord, job: JobRecord): Json {
  const url = repositoryUrl(core, repo);
  const isTaken = job.status !== 'queued';
  return {
    ...{ id: job.id, node_id: nodeId('CheckRun', job.id), run_id: run.id, run_attempt: 1, head_sha: run.headSha },
    ...{ run_url: `${url}/actions/runs/${run.id}`, url: `${url}/actions/jobs/${job.id}` },
    html_url: `${core.url}/${repo.fullName}/actions/runs/${run.id}/job/${job.id}`,
    check_run_url: `${url}/check-runs/${job.id}`,
    ...{ name: job.name, status: job.status, conclusion: job.conclusion, workflow_name: run.name },
    ...{ created_at: job.createdAt, started_at: job.startedAt, completed_at: job.completedAt },
    ...{ head_branch: branchOf(run), labels: ['ubuntu-latest'] },
    ...{ runner_id: isTaken ? 1 : null, runner_name: isTaken ? 'sandbox' : null },
    ...{ runner_group_id: isTaken ? 1 : null, runner_group_name: isTaken ? 'sandbox' : null },
    steps: job.steps.map(({ name, number, status, conclusion, startedAt, completedAt }) => ({
      ...{ name, number, status, conclusion },
      ...{ started_at: status === 'queued' ? null : startedAt, completed_at: completedAt },
    })),
  };
}

export function artifactView(
  core: SandboxCore,
  repo: RepositoryContext,
  run: WorkflowRunRecord | undefined,
  artifact: ArtifactRecord,
): Json {
  const { id, name, size, digest, createdAt, expiresAt } = artifact;
  const url = `${repositoryUrl(core, repo)}/actions/artifacts/${id}`;
  return {
    ...{ id, node_id: nodeId('Artifact', id), name, size_in_bytes: size, digest },
    ...{ url, archive_download_url: `${url}/zip`, expired: new Date(expiresAt) <= core.now() },
    ...{ created_at: createdAt, updated_at: createdAt, expires_at: expiresAt },
    workflow_run: run
      ? {
          ...{ id: run.id, repository_id: repo.seed.id, head_repository_id: repo.seed.id },
          ...{ head_branch: branchOf(run), head_sha: run.headSha },
        }
      : null,
  };
}
