import type { Approval } from '@planwarden/approvals';
import { PlanwardenError, type TerraformPlan, type TerraformTarget } from '@planwarden/contracts';
import { done, type Effect, type RunRecord, type StepContext, type StepOutcome } from '@planwarden/runs';
import type { WorkflowRunView } from '@planwarden/source-control';
import { APPLY_WORKFLOW, applyRunName, planRunName, runTag } from '@planwarden/terraform';
import { z } from 'zod';
import { applyRecord, confirmRecord, evidenceRecord, pullRequestRecord } from '../../change.records.js';
import type { ChangeServices } from '../../change.services.js';
import { lockOf } from '../../locks.js';
import { stateOf } from '../plan-stack.js';
import { applyKey } from '../was-applied.js';
import { awaitWorkflow, findWorkflow, secondsSince } from './await-workflow.js';
import { jobFailed, recordLog } from './workflow-end.js';

/** The effect that releases: after it nothing is left but to wait. */
export const START_APPLY = 'start-apply';
/** Seconds after which a start whose answer was lost is not believed to appear any more. */
const LATE_SECONDS = 60;

const roundOf = ({ id: run, round }: RunRecord) => ({ run, round });
const startKey = ({ id, round }: RunRecord): string => `planwarden/${id}/${round}#start-apply`;

export const startApplyEffect = (services: ChangeServices): Effect => ({
  name: START_APPLY,
  kind: 'once',
  race: {
    key: 'tag `planwarden/run/<run>/<round>`; run-name with run and round at the evidence commit, by our App',
    guard: 'the tag is only made, never moved; the first step of the job lets the lowest id of a name go on',
    asks: 'runs of that name at that commit, for a minute after a lost answer',
    leaves: 'one apply; the later run ends `DUPLICATE_START`',
  },
  key: startKey,
  reconcile: async (context) => {
    const target = services.config.target(context.run.target);
    const found = target.kind === 'terraform' && (await findApplyRun(services, context, target));
    return found ? { found: 'present', result: null } : { found: 'absent' };
  },
});

async function findApplyRun(
  services: ChangeServices,
  { run, output }: Pick<StepContext, 'run' | 'output'>,
  target: TerraformTarget,
): Promise<WorkflowRunView | undefined> {
  const { evidenceSha } = await output('publish-evidence', evidenceRecord);
  return findWorkflow(services, target, { name: applyRunName(roundOf(run)), commit: evidenceSha });
}

/**
 * At confirm: what an earlier attempt of this round may have started. One that is there is never started twice, and
 * nothing is confirmed again for it; one whose answer was lost is given time to appear, so that no round goes on beside it.
 */
export async function startedBefore(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
): Promise<StepOutcome | undefined> {
  const { run } = context;
  if ((await services.runs.effect(run.id, 'apply', 'apply', applyKey(run))) === 'done') return undefined;
  const known = await services.runs.effect(run.id, 'apply', START_APPLY, startKey(run));
  if (known === null) return undefined;
  const goOn = done(
    'an earlier attempt of ours had started the apply',
    confirmRecord.parse({ releasedSha: null, tally: null }),
  );
  if (known === 'done' || (await findApplyRun(services, context, target)) !== undefined) return goOn;
  const late = Math.min(LATE_SECONDS, target.terraform.workflow.startSeconds);
  const intent = { step: 'apply', name: START_APPLY, round: run.round };
  const since = await secondsSince(services, target, await services.runs.effectTold(run.id, 'effect:intent', intent));
  if (since >= late) return undefined;
  return {
    ...{ kind: 'wait', reason: 'workflow', forMs: 1000 },
    message: 'the answer to the start of the apply was lost: GitHub is asked whether it began',
  };
}

/**
 * Starts the apply in GitHub Actions, on the tag of the run: once, under an Approval.
 * @throws PlanwardenError what assertFresh throws: then nothing was started
 */
export async function startInActions(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
  plan: TerraformPlan,
  approval: Approval | undefined,
): Promise<undefined> {
  const { run, fence } = context;
  const { evidenceSha } = await context.output('publish-evidence', evidenceRecord);
  await context.effect(START_APPLY, z.null(), async () => {
    if (approval === undefined) throw backToConfirm();
    const planRun = await planRunOf(services, context, target);
    // From here the state may be touched: the lock is nobody else's until that is known to be well.
    await context.pinLock(lockOf(target));
    const fresh = { fence, ports: services.fresh(run.target) };
    await services.sourceControl(target).startApply(approval, fresh, {
      ...{ workflow: APPLY_WORKFLOW, tag: runTag(roundOf(run)), sha: evidenceSha },
      inputs: {
        ...{ run: run.id, round: String(run.round), environment: target.environment, stack: target.stack },
        ...{ path: target.path, binary: target.terraform.binary, plan_run: String(planRun) },
        ...{ plan_digest: plan.digest, file_digest: plan.fileDigest },
      },
    });
    return null;
  });
  return undefined;
}

/**
 * Waits for the apply that was started. The job digests the plan again before it applies; what it did is read from the
 * state. However it ended, nothing is confirmed or started again.
 */
export async function finishInActions(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
  plan: TerraformPlan,
): Promise<StepOutcome> {
  const { run } = context;
  const { evidenceSha } = await context.output('publish-evidence', evidenceRecord);
  const name = applyRunName(roundOf(run));
  const awaited = await awaitWorkflow(services, context, target, {
    ...{ step: 'apply', start: START_APPLY, name, commit: evidenceSha },
  });
  if ('wait' in awaited) return awaited.wait;
  const state = await context.effect('apply', applyRecord, () =>
    appliedState(services, context, target, plan, awaited.run),
  );
  await services.terraform.vault.forget(run.id);
  return done(
    `workflow run ${awaited.run.id} applied exactly plan ${plan.digest.slice(0, 19)}; state serial ${state.serial}`,
    state,
  );
}

/** @throws PlanwardenError what the job ended with, EFFECT_IN_DOUBT where it says success and the state says nothing */
async function appliedState(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
  plan: TerraformPlan,
  workflow: WorkflowRunView,
): Promise<{ readonly lineage: string; readonly serial: number }> {
  const end = await recordLog(context, services.sourceControl(target), workflow);
  if (workflow.conclusion !== 'success') throw jobFailed(workflow, end);
  const { lineage, serial } = await stateOf(services, target);
  if (lineage !== plan.state.lineage || serial !== plan.state.serial) return { lineage, serial };
  throw new PlanwardenError(
    'EFFECT_IN_DOUBT',
    `workflow run ${workflow.id} says it applied, and the state is as before`,
    {
      remedy: 'Look at the run at GitHub and at the state; is it the state that the job uses?',
      failure: 'needs_human',
    },
  );
}

/** The workflow run that holds the sealed plan. */
async function planRunOf(services: ChangeServices, context: StepContext, target: TerraformTarget): Promise<number> {
  const { codeSha } = await context.output('open-pull-request', pullRequestRecord);
  const found = await findWorkflow(services, target, { name: planRunName(roundOf(context.run)), commit: codeSha });
  if (found !== undefined) return found.id;
  throw new PlanwardenError('PLAN_STALE', 'the workflow run that holds the plan is gone', {
    remedy: 'The run plans again; votes on the old plan no longer count.',
  });
}

/** Nothing in hand that releases: confirm finds out why. */
const backToConfirm = (): PlanwardenError =>
  new PlanwardenError('APPROVAL_EXPIRED', 'there is no approval in hand: confirm again', {
    remedy: 'Enter the road again at confirm.',
  });
