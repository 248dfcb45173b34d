import type { ArtifactRecord, JobRecord, WorkflowRunRecord } from '../actions/action-records.js';
import { readWorkflow, type Workflow } from '../actions/workflow-file.js';
import {
  ApiError,
  isRecord,
  type Json,
  notFound,
  type RepoRouteContext,
  type Route,
  repoRoute,
  text,
} from '../http-kit.js';
import type { RepositoryContext } from '../sandbox-core.js';
import { EPOCH, nodeId } from '../views/account.view.js';
import { artifactView, jobPayload, runPayload, workflowView } from '../views/actions.view.js';
import { repositoryUrl } from '../views/repository.view.js';
import { actorOf } from './git-ref.routes.js';

const READ: Array<['actions', 'read']> = [['actions', 'read']];
const WRITE: Array<['actions', 'write']> = [['actions', 'write']];
const FOLDER = '.github/workflows/';

interface Known {
  readonly id: number;
  readonly path: string;
  readonly workflow: Workflow;
}

function environmentView(core: RepoRouteContext['core'], repo: RepositoryContext, name: string): Json {
  const at = Object.keys(repo.seed.environments ?? {}).indexOf(name);
  const admits = repo.seed.environments?.[name]?.admits;
  return {
    ...{ id: repo.seed.id * 100 + at, node_id: nodeId('Environment', at), name },
    url: `${repositoryUrl(core, repo)}/environments/${encodeURIComponent(name)}`,
    html_url: `${core.url}/${repo.fullName}/settings/environments/${at}`,
    ...{ created_at: EPOCH, updated_at: EPOCH, protection_rules: [] },
    deployment_branch_policy: admits ? { protected_branches: false, custom_branch_policies: true } : null,
  };
}

/** Workflow files of the default branch; each keeps the number it got when it was first seen. */
async function workflows({ core, repo }: RepoRouteContext): Promise<Known[]> {
  const head = await repo.git.ref(`refs/heads/${repo.seed.defaultBranch}`);
  const files = await repo.git.flatten((await repo.git.commit(head ?? ''))?.tree ?? '');
  const found: Known[] = [];
  for (const [path, { oid }] of files) {
    if (!path.startsWith(FOLDER) || !/\.ya?ml$/.test(path)) continue;
    const known = repo.state.actions.workflows.find((one) => one.path === path);
    const kept = known ?? { id: core.store.nextId(), path };
    if (!known) repo.state.actions.workflows.push(kept);
    try {
      const content = Buffer.from((await repo.git.blob(oid)) ?? []).toString('utf8');
      found.push({ ...kept, workflow: readWorkflow(path, content) });
    } catch {
      // A file that is no workflow cannot be started; GitHub shows it as broken.
    }
  }
  return found;
}

async function workflowOf(context: RepoRouteContext): Promise<Known> {
  const asked = context.params.workflow_id ?? '';
  const found = (await workflows(context)).find(({ id, path }) => String(id) === asked || path === `${FOLDER}${asked}`);
  if (!found) throw notFound();
  return found;
}

function runOf({ repo, params }: RepoRouteContext): WorkflowRunRecord {
  const found = repo.state.actions.runs.find(({ id }) => String(id) === params.run_id);
  if (!found) throw notFound();
  return found;
}

function jobOf({ repo, params }: RepoRouteContext): { run: WorkflowRunRecord; job: JobRecord } {
  for (const run of repo.state.actions.runs)
    for (const job of run.jobs) if (String(job.id) === params.job_id) return { run, job };
  throw notFound();
}

function artifactOf({ repo, params }: RepoRouteContext): ArtifactRecord {
  const found = repo.state.actions.artifacts.find(({ id }) => String(id) === params.artifact_id);
  if (!found) throw notFound();
  return found;
}

async function refOf(repo: RepositoryContext, name: string): Promise<{ ref: string; sha: string }> {
  const refs = name.startsWith('refs/') ? [name] : [`refs/heads/${name}`, `refs/tags/${name}`];
  for (const ref of refs) {
    const sha = await repo.git.ref(ref);
    if (sha !== undefined) return { ref, sha };
  }
  throw new ApiError(422, `No ref found for: ${name.slice(0, 80)}`);
}

/** Inputs as the workflow declares them, defaults filled. Everything arrives as text. */
function inputsOf({ workflow }: Known, given: Json): Record<string, string> {
  const { inputs } = workflow;
  if (inputs === undefined) throw new ApiError(422, "Workflow does not have 'workflow_dispatch' trigger");
  const odd = Object.keys(given).filter((name) => !(name in inputs));
  if (odd.length > 0) throw new ApiError(422, `Unexpected inputs provided: ${JSON.stringify(odd)}`);
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { required, fallback, options }]) => {
      const value = given[name] === undefined ? fallback : String(given[name]);
      if (required && value === '') throw new ApiError(422, `Required input '${name}' not provided`);
      if (options.length > 0 && value !== '' && !options.includes(value))
        throw new ApiError(
          422,
          `Provided value '${value.slice(0, 60)}' for input '${name}' not in the list of allowed values`,
        );
      return [name, value];
    }),
  );
}

async function listRuns(context: RepoRouteContext, workflowId: number | undefined) {
  const { core, repo, query } = context;
  const actor = query.actor === undefined ? undefined : core.identities.byLogin(query.actor)?.id;
  const found = repo.state.actions.runs.filter(
    (run) =>
      (workflowId === undefined || run.workflowId === workflowId) &&
      (query.head_sha === undefined || run.headSha === query.head_sha) &&
      (query.branch === undefined || run.ref.replace(/^refs\/(heads|tags)\//, '') === query.branch) &&
      (query.event === undefined || query.event === 'workflow_dispatch') &&
      (query.status === undefined || [run.status, run.conclusion].includes(query.status as never)) &&
      (query.actor === undefined || run.actorId === actor),
  );
  const items = await Promise.all(found.reverse().map((run) => runView(context, run)));
  const wrap = (workflow_runs: unknown[]): Json => ({ total_count: items.length, workflow_runs });
  return { status: 200, list: { items, wrap } };
}

async function runView({ core, repo }: RepoRouteContext, run: WorkflowRunRecord): Promise<Json> {
  const commit = await repo.git.commit(run.headSha);
  if (!commit) throw notFound();
  return runPayload(core, repo, run, commit);
}

export const actionsRoutes: Route[] = [
  repoRoute('GET', '/actions/workflows', READ, async (context) => {
    const { core, repo } = context;
    const items = (await workflows(context)).map(({ id, path, workflow }) =>
      workflowView(core, repo, { workflowId: id, path, name: workflow.name }),
    );
    return { status: 200, list: { items, wrap: (page) => ({ total_count: items.length, workflows: page }) } };
  }),
  repoRoute('GET', '/actions/workflows/{workflow_id}', READ, async (context) => {
    const { id, path, workflow } = await workflowOf(context);
    const { core, repo } = context;
    return { status: 200, body: workflowView(core, repo, { workflowId: id, path, name: workflow.name }) };
  }),
  repoRoute('GET', '/actions/workflows/{workflow_id}/runs', READ, async (context) =>
    listRuns(context, (await workflowOf(context)).id),
  ),
  repoRoute('POST', '/actions/workflows/{workflow_id}/dispatches', WRITE, async (context) => {
    const { core, repo, body } = context;
    if (body.return_run_details === true) throw new ApiError(422, 'The sandbox tells no run details');
    const known = await workflowOf(context);
    const { ref, sha } = await refOf(repo, text(body.ref));
    const inputs = inputsOf(known, isRecord(body.inputs) ? body.inputs : {});
    core.actions.dispatch(repo, { workflow: known, ref, sha, inputs, actor: actorOf(context) });
    return { status: 204 };
  }),
  repoRoute('GET', '/actions/runs', READ, async (context) => listRuns(context, undefined)),
  repoRoute('GET', '/actions/runs/{run_id}', READ, async (context) => ({
    status: 200,
    body: await runView(context, runOf(context)),
  })),
  repoRoute('POST', '/actions/runs/{run_id}/cancel', WRITE, async (context) => {
    const run = runOf(context);
    if (run.status === 'completed') throw new ApiError(409, 'Cannot cancel a workflow run that is completed.');
    context.core.actions.cancel(context.repo, run);
    return { status: 202, body: {} };
  }),
  repoRoute('GET', '/actions/runs/{run_id}/jobs', READ, async (context) => {
    const { core, repo } = context;
    const run = runOf(context);
    const items = run.jobs.map((job) => jobPayload(core, repo, run, job));
    return { status: 200, list: { items, wrap: (jobs) => ({ total_count: items.length, jobs }) } };
  }),
  repoRoute('GET', '/actions/jobs/{job_id}', READ, async (context) => {
    const { run, job } = jobOf(context);
    return { status: 200, body: jobPayload(context.core, context.repo, run, job) };
  }),
  repoRoute('GET', '/actions/jobs/{job_id}/logs', READ, async (context) => {
    const { job } = jobOf(context);
    if (job.status !== 'completed') throw notFound();
    return { status: 302, location: context.core.storage.link(`${job.id}.log`) };
  }),
  repoRoute('GET', '/actions/runs/{run_id}/artifacts', READ, async (context) => {
    const { core, repo, query } = context;
    const run = runOf(context);
    const own = repo.state.actions.artifacts.filter(
      ({ runId, name }) => runId === run.id && (query.name === undefined || query.name === name),
    );
    const items = own.map((artifact) => artifactView(core, repo, run, artifact));
    return { status: 200, list: { items, wrap: (artifacts) => ({ total_count: items.length, artifacts }) } };
  }),
  repoRoute('GET', '/actions/artifacts/{artifact_id}', READ, async (context) => {
    const artifact = artifactOf(context);
    const run = context.repo.state.actions.runs.find(({ id }) => id === artifact.runId);
    return { status: 200, body: artifactView(context.core, context.repo, run, artifact) };
  }),
  repoRoute('GET', '/actions/artifacts/{artifact_id}/{archive_format}', READ, async (context) => {
    const artifact = artifactOf(context);
    if (context.params.archive_format !== 'zip') throw notFound();
    if (context.core.actions.artifacts.isExpired(artifact)) throw new ApiError(410, 'Artifact has expired');
    return { status: 302, location: context.core.storage.link(`${artifact.id}.zip`) };
  }),
  repoRoute('GET', '/environments', READ, async ({ core, repo }) => {
    const items = Object.keys(repo.seed.environments ?? {}).map((name) => environmentView(core, repo, name));
    return { status: 200, list: { items, wrap: (page) => ({ total_count: items.length, environments: page }) } };
  }),
  repoRoute('GET', '/environments/{environment_name}', READ, async ({ core, repo, params }) => {
    const name = params.environment_name ?? '';
    if (!Object.hasOwn(repo.seed.environments ?? {}, name)) throw notFound();
    return { status: 200, body: environmentView(core, repo, name) };
  }),
  repoRoute('GET', '/environments/{environment_name}/deployment-branch-policies', READ, async ({ repo, params }) => {
    const environment = repo.seed.environments?.[params.environment_name ?? ''];
    if (!environment) throw notFound();
    const items = (environment.admits ?? []).map(({ name, type }, at) => ({
      ...{ id: repo.seed.id * 1000 + at, node_id: nodeId('DeploymentBranchPolicy', at), name, type },
    }));
    return { status: 200, list: { items, wrap: (page) => ({ total_count: items.length, branch_policies: page }) } };
  }),
];
