import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { instant } from '../http-kit.js';
import type { JobRecord, RunConclusion, StepRecord, WorkflowRunRecord } from './action-records.js';
import { type Contexts, holds, type Status, textOf, type Written } from './expression.js';
import { giveToJob, type JobLog, jobFolder, reachable, readCommandFile, runScript } from './job-process.js';
import { inside, type JobScene, STAND_INS } from './stand-ins.js';
import type { Workflow, WorkflowJob, WorkflowStep } from './workflow-file.js';

export interface JobRequest {
  readonly workflow: Workflow;
  readonly job: WorkflowJob;
  readonly record: JobRecord;
  readonly run: WorkflowRunRecord;
  /** `github`, `inputs`, `vars`, `secrets`, `needs`. */
  readonly contexts: Contexts;
  /** A new folder of this job alone. */
  readonly folder: string;
  readonly scene: Omit<JobScene, 'workspace' | 'tools' | 'log'>;
  readonly log: JobLog;
  readonly signal: AbortSignal;
}
export interface JobResult {
  readonly conclusion: RunConclusion;
  readonly outputs: Readonly<Record<string, string>>;
}

interface Going {
  readonly request: JobRequest;
  readonly scene: JobScene;
  readonly temp: string;
  /** Set by steps through GITHUB_ENV. */
  readonly env: Record<string, string>;
  readonly steps: Record<string, { outputs: Record<string, string>; outcome: string; conclusion: string }>;
  status: Status;
}

/** Runs the steps of one job, each after the other, as GitHub's runner does; a key it does not know ends it. */
export async function runJob(request: JobRequest): Promise<JobResult> {
  const { job, record, log, folder, scene } = request;
  log.add('Sandbox Actions (simulated: true)');
  const place = (name: string): string => jobFolder(join(folder, name));
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const at: JobScene = { ...scene, log, workspace: place('work'), tools: join(folder, 'tools') };
  mkdirSync(at.tools, { mode: 0o755 });
  symlinkSync(reachable(process.execPath, scene.copies), join(at.tools, 'node'));
  const going: Going = { request, scene: at, temp: place('temp'), env: {}, steps: {}, status: 'success' };
  place('home');
  try {
    for (const key of job.unsupported) log.add(`##[error]not supported: ${key}`);
    if (job.unsupported.length > 0) return { conclusion: 'failure', outputs: {} };
    for (const [index, step] of job.steps.entries()) await takeStep(going, step, record.steps[index]);
    if (request.signal.aborted) return { conclusion: reasonOf(request.signal), outputs: {} };
    const outputs = Object.entries(job.outputs).map(([name, written]) => [name, textOf(written, contextsOf(going))]);
    return { conclusion: going.status === 'success' ? 'success' : 'failure', outputs: Object.fromEntries(outputs) };
  } catch (error) {
    log.add(`##[error]${error instanceof Error ? error.message : 'the job failed'}`);
    return { conclusion: 'failure', outputs: {} };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const reasonOf = ({ reason }: AbortSignal): RunConclusion => (reason === 'cancelled' ? 'cancelled' : 'timed_out');

async function takeStep(going: Going, step: WorkflowStep, record: StepRecord | undefined): Promise<void> {
  const { log, scene, signal } = going.request;
  if (record === undefined) return;
  const now = (): string => instant(scene.core.now());
  record.startedAt = now();
  const end = (conclusion: NonNullable<StepRecord['conclusion']>, outputs: Record<string, string> = {}): void => {
    Object.assign(record, { status: 'completed', conclusion, completedAt: now() });
    if (step.id !== undefined) going.steps[step.id] = { outputs, outcome: conclusion, conclusion };
    if (conclusion === 'failure') going.status = 'failure';
  };
  if (signal.aborted) return end('cancelled');
  const env = envOf(going, step);
  const contexts = contextsOf(going, env);
  if (!holds(step.condition, contexts, going.status)) return end('skipped');
  record.status = 'in_progress';
  record.name = step.name === undefined ? record.name : textOf(step.name, contexts);
  log.add(`##[group]${record.name}`);
  try {
    const outputs = await act(going, step, env, contexts);
    end(outputs === undefined ? 'failure' : 'success', outputs);
  } catch (error) {
    log.add(`##[error]${error instanceof Error ? error.message : 'the step failed'}`);
    end('failure');
  }
  log.add('##[endgroup]');
}

/** Does what the step says; its outputs, or undefined where its script failed. */
async function act(
  going: Going,
  step: WorkflowStep,
  env: Record<string, string>,
  contexts: Contexts,
): Promise<Record<string, string> | undefined> {
  if (step.uses === undefined) return runStep(going, textOf(step.run, contexts), textOf(step.folder, contexts), env);
  const name = step.uses.split('@')[0] ?? '';
  const standIn = STAND_INS[name];
  if (standIn === undefined) throw new Error(`not supported: uses ${step.uses}`);
  const inputs = evaluated(step.with, contexts);
  const odd = Object.keys(inputs).find((input) => !standIn.inputs.includes(input));
  if (odd !== undefined) throw new Error(`not supported: input ${odd} of ${name}`);
  await standIn.run(inputs, going.scene);
  return {};
}

async function runStep(
  going: Going,
  script: string,
  folder: string,
  env: Record<string, string>,
): Promise<Record<string, string> | undefined> {
  const { temp, scene, request } = going;
  const file = (name: string, content = ''): string => {
    const path = join(temp, `_${name}`);
    writeFileSync(path, content, { mode: 0o600 });
    giveToJob(path);
    return path;
  };
  const [output, added] = [file('output'), file('env')];
  const code = await runScript({
    script: file('script.sh', script),
    folder: inside(scene.workspace, folder || '.'),
    env: { ...env, GITHUB_OUTPUT: output, GITHUB_ENV: added, GITHUB_STEP_SUMMARY: file('summary') },
    ...{ log: request.log, signal: request.signal },
  });
  if (existsSync(added)) Object.assign(going.env, readCommandFile(added));
  if (code === 0) return readCommandFile(output);
  if (code !== null) request.log.add(`##[error]Process completed with exit code ${code}.`);
  return undefined;
}

function contextsOf(going: Going, env: Record<string, string> = {}): Contexts {
  const { contexts } = going.request;
  const runner = { os: 'Linux', arch: 'X64', name: 'sandbox', temp: going.temp, tool_cache: going.scene.tools };
  return { ...contexts, env, steps: going.steps, runner, job: { status: going.status } };
}

function envOf(going: Going, step: WorkflowStep): Record<string, string> {
  const { workflow, job, contexts, run, folder } = going.request;
  const github = contexts.github as Record<string, unknown>;
  const given = ['sha', 'ref', 'ref_name', 'ref_type', 'run_id', 'run_number', 'run_attempt', 'actor', 'actor_id'];
  given.push('triggering_actor', 'repository', 'repository_id', 'repository_owner', 'event_name', 'workflow');
  given.push('workflow_ref', 'api_url', 'server_url');
  const base: Record<string, string> = {
    PATH: `${going.scene.tools}:/usr/local/bin:/usr/bin:/bin`,
    ...{ HOME: join(folder, 'home'), TMPDIR: going.temp, LANG: 'C.UTF-8', CI: 'true', GITHUB_ACTIONS: 'true' },
    ...{ RUNNER_TEMP: going.temp, RUNNER_OS: 'Linux', GITHUB_JOB: job.id, GITHUB_WORKSPACE: going.scene.workspace },
    ...Object.fromEntries(given.map((name) => [`GITHUB_${name.toUpperCase()}`, String(github[name] ?? run.id)])),
  };
  let env: Record<string, string> = {};
  for (const written of [workflow.env, job.env, going.env, step.env] as Record<string, Written>[]) {
    env = { ...env, ...evaluated(written, contextsOf(going, env)) };
  }
  return { ...base, ...env };
}

const evaluated = (written: Readonly<Record<string, Written>>, contexts: Contexts): Record<string, string> =>
  Object.fromEntries(Object.entries(written).map(([name, one]) => [name, textOf(one, contexts)]));
