import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GitCommit } from '../git-store.js';
import { instant } from '../http-kit.js';
import type { Account } from '../identity.js';
import type { RepositoryContext, SandboxCore } from '../sandbox-core.js';
import { accountView } from '../views/account.view.js';
import { jobPayload, runPayload, workflowView } from '../views/actions.view.js';
import { repositoryView } from '../views/repository.view.js';
import type { JobRecord, RunConclusion, WorkflowRunRecord } from './action-records.js';
import type { ArtifactStore } from './artifact-store.js';
import { environmentAdmits } from './environment-admits.js';
import { holds, type Status, textOf } from './expression.js';
import { JobLog } from './job-process.js';
import { type JobResult, runJob } from './job-runner.js';
import { readWorkflow, type Workflow, type WorkflowJob } from './workflow-file.js';

export interface Dispatch {
  readonly workflow: { readonly id: number; readonly path: string };
  readonly ref: string;
  readonly sha: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly actor: Account;
}

/** Gates that tests close: `create` makes a dispatch late, `start` keeps every runner busy. */
export type Gate = 'create' | 'start';

/** Carries dispatched workflows out. A run is made after its dispatch was answered, as at GitHub: nobody is told its id. */
export class WorkflowRuns {
  private readonly folder = mkdtempSync(join(tmpdir(), 'planwarden-runner-'));
  private readonly going = new Map<number, AbortController>();
  private readonly gates = new Map<Gate, { readonly closed: Promise<void>; readonly open: () => void }>();
  private readonly work = new Set<Promise<void>>();
  /** Commits of runs, read once: webhooks tell them in the moment of the event. */
  private readonly commits = new Map<string, GitCommit>();
  private isStopped = false;

  constructor(
    private readonly core: SandboxCore,
    readonly artifacts: ArtifactStore,
    private readonly programs: Readonly<Record<string, string>>,
  ) {
    chmodSync(this.folder, 0o711);
  }

  /** What was under way when the sandbox ended cannot be taken up again; what had not begun begins. */
  async recover(): Promise<void> {
    for (const repo of this.core.allRepositories()) {
      for (const run of repo.state.actions.runs.filter(({ status }) => status === 'in_progress')) {
        for (const job of run.jobs.filter(({ status }) => status !== 'completed')) {
          this.artifacts.keepLog(job.id, '##[error]The runner has received a shutdown signal.\n');
          Object.assign(job, { status: 'completed', conclusion: 'cancelled', completedAt: this.now() });
        }
        Object.assign(run, { status: 'completed', conclusion: 'cancelled', updatedAt: this.now() });
      }
      for (const run of repo.state.actions.runs.filter(({ status }) => status !== 'completed'))
        await this.know(repo, run.headSha);
      this.pump(repo);
    }
    await this.core.exclusively(() => this.core.store.save());
  }

  /** Answers at once; the run appears later. */
  dispatch(repo: RepositoryContext, dispatch: Dispatch): void {
    this.later(async () => {
      await this.gates.get('create')?.closed;
      if (this.isStopped) return;
      await this.core.exclusively(async () => {
        const run = await this.create(repo, dispatch);
        repo.state.actions.runs.push(run);
        await this.core.store.save();
        this.tell(repo, run, 'requested');
      });
      this.pump(repo);
    });
  }

  cancel(repo: RepositoryContext, run: WorkflowRunRecord): void {
    const controller = this.going.get(run.id);
    if (controller) controller.abort('cancelled');
    else {
      this.finish(repo, run, 'cancelled');
      this.pump(repo);
    }
  }

  close(gate: Gate): () => void {
    let open: () => void = () => undefined;
    const closed = new Promise<void>((resolve) => {
      open = resolve;
    });
    const made = {
      closed,
      open: () => {
        if (this.gates.get(gate) === made) this.gates.delete(gate);
        open();
      },
    };
    this.gates.set(gate, made);
    return made.open;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    for (const { open } of [...this.gates.values()]) open();
    for (const controller of this.going.values()) controller.abort('cancelled');
    await Promise.all(this.work);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async create(repo: RepositoryContext, dispatch: Dispatch): Promise<WorkflowRunRecord> {
    const { workflow, ref, sha, inputs, actor } = dispatch;
    await this.know(repo, sha);
    const id = this.core.store.nextId();
    const number = repo.state.actions.runs.filter((one) => one.workflowId === workflow.id).length + 1;
    const now = this.now();
    const record: WorkflowRunRecord = {
      ...{ id, number, workflowId: workflow.id, path: workflow.path, name: workflow.path, title: workflow.path },
      ...{ ref, headSha: sha, actorId: actor.id, inputs: { ...inputs }, group: null },
      ...{ status: 'queued', conclusion: null, createdAt: now, startedAt: now, updatedAt: now, jobs: [] },
    };
    try {
      const read = await this.read(repo, record);
      const contexts = { github: this.github(repo, record), inputs: record.inputs, vars: {} };
      record.name = read.name;
      record.title = textOf(read.runName, contexts) || read.name;
      record.group = textOf(read.concurrency?.group, contexts) || null;
      if (read.concurrency?.cancels)
        for (const other of this.sameGroup(repo, record)) this.going.get(other.id)?.abort('cancelled');
    } catch {
      // The file is wrong: the run fails when it starts, and its log says why.
    }
    return record;
  }

  /** Starts what may start. Of a concurrency group one run is under way and one waits; an older one that waits is cancelled. */
  private pump(repo: RepositoryContext): void {
    if (this.isStopped) return;
    const waits = ({ status }: WorkflowRunRecord): boolean => status === 'queued' || status === 'pending';
    for (const run of repo.state.actions.runs.filter(waits)) {
      const others = this.sameGroup(repo, run);
      if (!others.some(({ status }) => status === 'in_progress')) this.start(repo, run);
      else if (others.some((other) => other.id > run.id && waits(other))) this.finish(repo, run, 'cancelled');
      else run.status = 'pending';
    }
  }

  private sameGroup(repo: RepositoryContext, run: WorkflowRunRecord): WorkflowRunRecord[] {
    if (run.group === null) return [];
    return repo.state.actions.runs.filter(
      (other) => other.id !== run.id && other.group === run.group && other.status !== 'completed',
    );
  }

  private start(repo: RepositoryContext, run: WorkflowRunRecord): void {
    if (this.going.has(run.id)) return;
    const controller = new AbortController();
    this.going.set(run.id, controller);
    run.status = 'in_progress';
    this.later(async () => {
      const canceled = new Promise<void>((resolve) => {
        controller.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.race([this.gates.get('start')?.closed, canceled]);
      if (!this.isStopped) await this.execute(repo, run, controller);
      this.going.delete(run.id);
      this.pump(repo);
    });
  }

  private async execute(repo: RepositoryContext, run: WorkflowRunRecord, { signal }: AbortController): Promise<void> {
    this.tell(repo, run, 'in_progress');
    let conclusion: RunConclusion;
    try {
      const workflow = await this.read(repo, run);
      const results = await this.runJobs(repo, run, workflow, signal);
      const ends = [...results.values()].map((result) => result.conclusion);
      const worst = (['failure', 'timed_out', 'cancelled'] as const).find((one) => ends.includes(one));
      conclusion = worst ?? (ends.every((one) => one === 'skipped') ? 'skipped' : 'success');
    } catch (error) {
      this.core.log.warn({ run: run.id, error: String(error) }, 'a workflow of the sandbox cannot be run');
      conclusion = 'failure';
    }
    await this.core.exclusively(async () => {
      this.finish(repo, run, signal.aborted && signal.reason === 'cancelled' ? 'cancelled' : conclusion);
      await this.core.store.save();
    });
  }

  /** Each job when those it needs have ended. */
  private async runJobs(
    repo: RepositoryContext,
    run: WorkflowRunRecord,
    workflow: Workflow,
    signal: AbortSignal,
  ): Promise<Map<string, JobResult>> {
    const results = new Map<string, Promise<JobResult>>();
    const ended = new Map<string, JobResult>();
    const resultOf = (id: string): Promise<JobResult> => {
      const known = results.get(id);
      if (known) return known;
      const job = workflow.jobs.find((one) => one.id === id);
      if (!job) throw new Error(`job ${id} is needed and not there`);
      const made = (async () => {
        for (const need of job.needs) ended.set(need, await resultOf(need));
        const result = await this.runOne(repo, run, workflow, job, ended, signal);
        ended.set(id, result);
        return result;
      })();
      results.set(id, made);
      return made;
    };
    await Promise.all(workflow.jobs.map(({ id }) => resultOf(id)));
    return ended;
  }

  private async runOne(
    repo: RepositoryContext,
    run: WorkflowRunRecord,
    workflow: Workflow,
    job: WorkflowJob,
    ended: ReadonlyMap<string, JobResult>,
    signal: AbortSignal,
  ): Promise<JobResult> {
    const needs = Object.fromEntries(
      job.needs.map((id) => [id, { result: ended.get(id)?.conclusion, outputs: ended.get(id)?.outputs ?? {} }]),
    );
    const base = { github: this.github(repo, run), inputs: run.inputs, needs };
    const status: Status = signal.aborted
      ? 'cancelled'
      : job.needs.every((id) => ended.get(id)?.conclusion === 'success')
        ? 'success'
        : 'failure';
    const record = this.addJob(repo, run, job, textOf(job.name, base) || job.id);
    if (!holds(job.condition, { ...base, vars: {} }, status)) {
      return this.endJob(repo, run, record, new JobLog(() => this.core.now(), []), {
        conclusion: 'skipped',
        outputs: {},
      });
    }
    const named = textOf(job.environment, base);
    const environment = repo.seed.environments?.[named];
    if (environment && !environmentAdmits(environment, run.ref)) {
      const refused = new JobLog(() => this.core.now(), []);
      refused.add(`##[error]${run.ref} is not allowed to deploy to ${named} due to environment protection rules.`);
      return this.endJob(repo, run, record, refused, { conclusion: 'failure', outputs: {} });
    }
    const token = this.core.identities.jobToken(job.permissions ?? workflow.permissions);
    const secrets = { ...environment?.secrets, GITHUB_TOKEN: token };
    const log = new JobLog(() => this.core.now(), Object.values(secrets));
    record.status = 'in_progress';
    record.startedAt = this.now();
    this.tellJob(repo, run, record, 'in_progress');
    const timeout = AbortSignal.timeout(Math.min(job.minutes, 360) * 60_000);
    const github = { ...base.github, token, job: job.id };
    const result = await runJob({
      ...{ workflow, job, record, run, log, folder: join(this.folder, String(record.id)) },
      contexts: { ...base, github, vars: environment?.variables ?? {}, secrets },
      scene: {
        ...{ core: this.core, repo, artifacts: this.artifacts, runId: run.id, headSha: run.headSha },
        ...{ copies: join(this.folder, 'programs'), programs: this.programs },
      },
      signal: AbortSignal.any([signal, timeout]),
    });
    this.core.identities.endJobToken(token);
    return this.endJob(repo, run, record, log, result);
  }

  private addJob(repo: RepositoryContext, run: WorkflowRunRecord, job: WorkflowJob, name: string): JobRecord {
    const now = this.now();
    const record: JobRecord = {
      ...{ id: this.core.store.nextId(), key: job.id, name, status: 'queued', conclusion: null },
      ...{ createdAt: now, startedAt: now, completedAt: null },
      steps: job.steps.map((step, at) => ({
        name: typeof step.name === 'string' ? step.name : `Run ${step.uses ?? 'a script'}`,
        ...{ number: at + 1, status: 'queued', conclusion: null, startedAt: null, completedAt: null },
      })),
    };
    run.jobs.push(record);
    this.tellJob(repo, run, record, 'queued');
    return record;
  }

  private endJob(
    repo: RepositoryContext,
    run: WorkflowRunRecord,
    record: JobRecord,
    log: JobLog,
    result: JobResult,
  ): JobResult {
    this.artifacts.keepLog(record.id, log.text);
    Object.assign(record, { status: 'completed', conclusion: result.conclusion, completedAt: this.now() });
    for (const step of record.steps.filter((one) => one.status === 'queued'))
      Object.assign(step, {
        status: 'completed',
        conclusion: 'skipped',
        startedAt: this.now(),
        completedAt: this.now(),
      });
    this.tellJob(repo, run, record, 'completed');
    return result;
  }

  private finish(repo: RepositoryContext, run: WorkflowRunRecord, conclusion: RunConclusion): void {
    Object.assign(run, { status: 'completed', conclusion, updatedAt: this.now() });
    this.tell(repo, run, 'completed');
  }

  private async know(repo: RepositoryContext, sha: string): Promise<void> {
    const commit = await repo.git.commit(sha);
    if (commit) this.commits.set(sha, commit);
  }

  private async read(repo: RepositoryContext, run: WorkflowRunRecord): Promise<Workflow> {
    const file = (await repo.git.flatten((await repo.git.commit(run.headSha))?.tree ?? '')).get(run.path);
    const blob = file ? await repo.git.blob(file.oid) : undefined;
    if (!blob) throw new Error(`${run.path} is not there at ${run.headSha}`);
    return readWorkflow(run.path, Buffer.from(blob).toString('utf8'));
  }

  private github(repo: RepositoryContext, run: WorkflowRunRecord): Record<string, unknown> {
    const actor = this.core.identities.byId(run.actorId);
    return {
      ...{ sha: run.headSha, ref: run.ref, ref_name: run.ref.replace(/^refs\/(heads|tags)\//, '') },
      ...{ ref_type: run.ref.startsWith('refs/tags/') ? 'tag' : 'branch', event_name: 'workflow_dispatch' },
      ...{ run_id: String(run.id), run_number: String(run.number), run_attempt: '1' },
      ...{ actor: actor.login, actor_id: String(actor.id), triggering_actor: actor.login },
      ...{ repository: repo.fullName, repository_id: String(repo.seed.id), repository_owner: repo.seed.owner.login },
      ...{ workflow: run.name, workflow_ref: `${repo.fullName}/${run.path}@${run.ref}` },
      ...{ api_url: this.core.url, server_url: this.core.url, event: { inputs: run.inputs } },
    };
  }

  private tell(repo: RepositoryContext, run: WorkflowRunRecord, action: string): void {
    const commit = this.commits.get(run.headSha);
    if (commit === undefined) return;
    this.core.webhooks.emit('workflow_run', {
      ...{ action, workflow_run: runPayload(this.core, repo, run, commit) },
      ...{ workflow: workflowView(this.core, repo, run), ...this.about(repo, run) },
    });
  }

  private tellJob(repo: RepositoryContext, run: WorkflowRunRecord, job: JobRecord, action: string): void {
    const workflow_job = jobPayload(this.core, repo, run, job);
    this.core.webhooks.emit('workflow_job', { action, workflow_job, ...this.about(repo, run) });
  }

  private about(repo: RepositoryContext, run: WorkflowRunRecord) {
    const sender = accountView(this.core, this.core.identities.byId(run.actorId));
    return { repository: repositoryView(this.core, repo), sender };
  }

  private now(): string {
    return instant(this.core.now());
  }

  private later(act: () => Promise<void>): void {
    const work = act()
      .catch((error: unknown) => {
        this.core.log.error({ error: String(error) }, 'the sandbox failed at a workflow');
        this.core.contract.violations += 1;
      })
      .finally(() => this.work.delete(work));
    this.work.add(work);
  }
}
