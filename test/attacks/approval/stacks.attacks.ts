import { createPool } from '@planwarden/database';
import { planArtifact, SEALED_PLAN, sealedAbout, sealPlan } from '@planwarden/terraform';
import type { Attack, Tried } from '../attack.js';
import type { RunSeen, Stage } from '../stage.js';

/** Attacks on stacks: the lock file, the saved plan, the jobs in GitHub Actions. */

const LOCK = 'stacks/web/.terraform.lock.hcl';
const OTHER_LOCK = '# Another provider than the one that planned.\n';
const needs = 'tofu' as const;

/** The bytes of a kept plan as they lie in the table: whoever may write there has no key. */
async function keptPlan(stage: Stage, run: string): Promise<Buffer> {
  const found = await sql<{ sealed: Buffer }>(stage, 'SELECT sealed FROM terraform_plan_files WHERE run = $1', [run]);
  if (!found[0]) throw new Error('no plan is kept');
  return found[0].sealed;
}
async function sql<R extends object>(stage: Stage, text: string, values: unknown[]): Promise<R[]> {
  const pool = createPool({ connectionString: stage.world.at.connectionString, max: 1 });
  try {
    return (await pool.query<R>(text, values)).rows;
  } finally {
    await pool.end();
  }
}

interface WorkflowRun {
  readonly id: number;
  readonly display_title: string;
  readonly status: string;
  readonly conclusion: string | null;
}
const workflowRuns = async (stage: Stage, name: string): Promise<WorkflowRun[]> => {
  const { body } = await stage.github('mallory', 'GET', '/actions/runs?per_page=100');
  return (body.workflow_runs as WorkflowRun[]).filter((run) => run.display_title === name);
};
/** The run of a name that was not there before, once it is over. */
async function newRun(stage: Stage, name: string, before: readonly WorkflowRun[]): Promise<WorkflowRun> {
  let found: WorkflowRun | undefined;
  await stage.until(async () => {
    found = (await workflowRuns(stage, name)).find((run) => before.every(({ id }) => id !== run.id));
    return found?.status === 'completed';
  });
  if (!found) throw new Error('the workflow run is gone');
  return found;
}

/** Mallory starts a shipped workflow by hand; what its job said, and whether it went through. */
async function startByHand(
  stage: Stage,
  kind: 'plan' | 'apply',
  { run }: RunSeen,
  ref: string,
  inputs: Record<string, string>,
): Promise<Tried> {
  const name = `Planwarden ${kind} ${run.id}/1`;
  const common = {
    run: run.id,
    round: '1',
    environment: 'staging',
    stack: 'jobs',
    path: 'stacks/jobs',
    binary: 'tofu',
  };
  const at = `/actions/workflows/planwarden-${kind}.yml/dispatches`;
  const before = await workflowRuns(stage, name);
  const started = await stage.github('mallory', 'POST', at, { ref, inputs: { ...common, ...inputs } });
  if (started.status !== 204) throw new Error(`dispatch: ${JSON.stringify(started.body)}`);
  const { id, conclusion } = await newRun(stage, name, before);
  const { body } = await stage.github('mallory', 'GET', `/actions/runs/${id}/jobs`);
  const job = (body.jobs as { id: number }[])[0]?.id;
  const log = await stage.githubText('mallory', `/actions/jobs/${job}/logs`);
  const code = /planwarden-end \{"code":"([A-Z_]+)"/.exec(log)?.[1];
  await stage.world.call('cancel_run', { run: run.id });
  await stage.world.until(run.id, (seen) => seen.run.ended);
  return { refusals: code === undefined ? [] : [code], gained: conclusion === 'success' };
}

/** A plan of something that nobody asked for, on the state as it is. */
async function otherPlan(stage: Stage): Promise<Buffer> {
  const { config, terraform } = stage.world.at.app.services;
  const target = config.target('jobs');
  if (target.kind !== 'terraform') throw new Error('jobs is no stack');
  const files = [{ path: 'other.tf', content: 'resource "terraform_data" "other" {\n  input = "other"\n}\n' }];
  return (await terraform.runner(target).plan({ stack: target.stack, files })).planFile;
}

export const STACK_ATTACKS: readonly Attack[] = [
  {
    id: 'lock-file-pushed',
    tries: 'the lock file is changed on the branch after the plan, and a CI App calls it good',
    guard: 'head',
    refusal: 'HEAD_MOVED',
    needs,
    run: async (stage) => {
      const seen = await stage.fresh('web');
      await stage.forgeCheck(await stage.push('mallory', seen.pullRequest?.branch ?? '', { [LOCK]: OTHER_LOCK }));
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'HEAD_MOVED');
    },
  },
  {
    id: 'lock-file-changed-on-base',
    tries: 'the lock file is changed on the base branch after the plan',
    guard: 'base',
    refusal: 'BASE_MOVED',
    needs,
    run: async (stage) => {
      const seen = await stage.fresh('web');
      await stage.mergeByHand(LOCK, OTHER_LOCK);
      await stage.review('ravi-reviewer', seen);
      const tried = await stage.outcome(seen.run.id, 'BASE_MOVED');
      await stage.mergeByHand(LOCK, '');
      return tried;
    },
  },
  {
    id: 'plan-file-swapped',
    tries: 'somebody who may write our tables puts the sealed plan of another run in place of the one voted on',
    guard: 'plan-file',
    refusal: 'PLAN_FILE_DIFFERS',
    needs,
    run: async (stage) => {
      const other = await stage.fresh('web');
      const plan = await keptPlan(stage, other.run.id);
      await stage.world.call('cancel_run', { run: other.run.id });
      await stage.world.until(other.run.id, ({ run }) => run.ended);
      const seen = await stage.fresh('web');
      await keptPlan(stage, seen.run.id);
      await sql(stage, 'UPDATE terraform_plan_files SET sealed = $2 WHERE run = $1', [seen.run.id, plan]);
      await stage.review('ravi-reviewer', seen);
      return stage.outcome(seen.run.id, 'PLAN_FILE_DIFFERS');
    },
  },
  {
    id: 'plan-started-by-hand',
    tries: 'somebody who may write starts the plan of a run by hand, to leave another plan under its name',
    guard: 'start-actor',
    refusal: 'START_REFUSED',
    rightful: 1,
    needs,
    run: async (stage) => {
      const seen = await stage.fresh('jobs');
      const branch = seen.pullRequest?.branch ?? '';
      return startByHand(stage, 'plan', seen, branch, { commit: (await stage.head(branch)) ?? '' });
    },
  },
  {
    id: 'apply-started-by-hand',
    tries: 'somebody who may write makes the tag of a run that nobody approved, and starts its apply by hand',
    guard: 'start-actor',
    refusal: 'START_REFUSED',
    rightful: 1,
    needs,
    run: async (stage) => {
      const seen = await stage.fresh('jobs');
      const ask = await stage.as('watcher');
      const { body } = await ask('GET', `/api/v1/runs/${seen.run.id}`);
      const { plan } = (body.approval as { subject: { plan: { digest: string; fileDigest: string } } }).subject;
      const [planned] = await workflowRuns(stage, `Planwarden plan ${seen.run.id}/1`);
      const tag = `planwarden/run/${seen.run.id}/1`;
      const sha = seen.pullRequest?.evidenceSha;
      await stage.github('mallory', 'POST', '/git/refs', { ref: `refs/tags/${tag}`, sha });
      const digests = { plan_digest: plan.digest, file_digest: plan.fileDigest };
      return startByHand(stage, 'apply', seen, tag, { plan_run: String(planned?.id), ...digests });
    },
  },
  {
    id: 'sealed-plan-swapped',
    tries:
      "who holds GitHub's storage seals another plan for the round with the public keys, and puts it where the job looks",
    guard: 'sealed-plan',
    refusal: 'PLAN_FILE_DIFFERS',
    // The start of the plan, the tag and the start of the apply: the votes are rightful, the plan is not.
    rightful: 3,
    needs,
    run: async (stage) => {
      const seen = await stage.fresh('jobs');
      const round = { run: seen.run.id, round: 1 };
      const { sealing, applySealing } = stage.world.at.secrets;
      const keys = [sealing.publicKey, applySealing.publicKey];
      const sealed = sealPlan(await otherPlan(stage), keys, sealedAbout(round));
      stage.world.at.github.control.swapArtifact(planArtifact(round), { [SEALED_PLAN]: sealed });
      await stage.review('ravi-reviewer', seen);
      const tried = await stage.outcome(round.run, 'PLAN_FILE_DIFFERS');
      const owner = await stage.as('owner');
      await owner('POST', `/api/v1/runs/${round.run}/release-locks`, { reason: 'Nothing was applied.' });
      return tried;
    },
  },
];
