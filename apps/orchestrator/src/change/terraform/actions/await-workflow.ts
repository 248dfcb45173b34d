import { PlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import type { StepContext, StepOutcome } from '@planwarden/runs';
import type { WorkflowRunView } from '@planwarden/source-control';
import { firstStart } from '@planwarden/terraform';
import type { ChangeServices } from '../../change.services.js';

/** Milliseconds between two looks when no webhook wakes the run: often at first, then every half minute. */
const lookMs = (waitedSeconds: number): number => Math.min(30_000, Math.max(1000, waitedSeconds * 250));

export interface Awaited {
  readonly step: 'plan' | 'apply';
  /** The effect that starts it. */
  readonly start: string;
  /** `run-name` and commit of the workflow run. */
  readonly name: string;
  readonly commit: string;
}

/** The workflow run that counts under a name: the first that our own App started on the commit. */
export async function findWorkflow(
  services: Pick<ChangeServices, 'sourceControl' | 'terraform'>,
  target: TerraformTarget,
  { name, commit }: Pick<Awaited, 'name' | 'commit'>,
): Promise<WorkflowRunView | undefined> {
  const runs = await services.sourceControl(target).workflowRuns(commit);
  return firstStart(runs, name, services.terraform.releaseBotId);
}

/**
 * The workflow run once it is over, else a wait.
 * @throws PlanwardenError WORKFLOW_NOT_STARTED, WORKFLOW_FAILED when it takes longer than the target allows
 */
export async function awaitWorkflow(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
  awaited: Awaited,
): Promise<{ readonly run: WorkflowRunView } | { readonly wait: StepOutcome }> {
  const found = await findWorkflow(services, target, awaited);
  if (found?.isOver) return { run: found };
  const { startSeconds, endSeconds } = target.terraform.workflow;
  const { run } = context;
  // From the start that GitHub took: the step may have begun long before, while GitHub was down or a lost answer waited for.
  const taken = { step: awaited.step, name: awaited.start, round: run.round };
  const waited = await secondsSince(services, target, await services.runs.effectTold(run.id, 'effect:done', taken));
  if (found === undefined && waited > startSeconds) {
    throw new PlanwardenError('WORKFLOW_NOT_STARTED', `no run called "${awaited.name}" was seen in ${startSeconds} s`, {
      remedy: 'Look at the Actions of the repository: are they on, and is there a runner?',
    });
  }
  if (waited > endSeconds) {
    const id = found === undefined ? awaited.name : `workflow run ${found.id}`;
    throw new PlanwardenError('WORKFLOW_FAILED', `${id} was not over after ${endSeconds} s`, {
      remedy: 'Look at the run at GitHub; cancel it there if it hangs.',
    });
  }
  const message =
    found === undefined ? 'GitHub has not begun the workflow yet' : `workflow run ${found.id} is under way`;
  return { wait: { kind: 'wait', reason: 'workflow', message, forMs: lookMs(waited) } };
}

/** Seconds from then to now on the database's clock; 0 for null. */
export async function secondsSince(
  services: Pick<ChangeServices, 'fresh'>,
  target: TerraformTarget,
  then: Date | null,
): Promise<number> {
  const now = await services.fresh(target.name).now();
  return then === null ? 0 : (now.getTime() - then.getTime()) / 1000;
}
