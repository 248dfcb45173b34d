import { PlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import type { Effect, RunRecord, StepContext, StepOutcome } from '@planwarden/runs';
import {
  openArtifact,
  PLAN_WORKFLOW,
  type PlannedStack,
  planArtifact,
  planRunName,
  readStack,
  sealedAbout,
} from '@planwarden/terraform';
import { z } from 'zod';
import { pullRequestRecord } from '../../change.records.js';
import type { ChangeServices } from '../../change.services.js';
import { allowedProviders } from '../allowed-providers.js';
import { stackFilesAt } from '../stack-files.js';
import { awaitWorkflow, findWorkflow } from './await-workflow.js';
import { jobFailed, recordLog } from './workflow-end.js';
import { assertWorkflows } from './workflow-files.js';

const NAME = 'start-plan';
const roundOf = ({ id: run, round }: RunRecord) => ({ run, round });

/** The start of the workflow that plans: found by its name, whatever became of the answer. */
export const startPlanEffect = (services: ChangeServices): Effect => ({
  name: NAME,
  kind: 'once',
  race: {
    key: 'run-name with run and round, at the code commit, by our App',
    guard: 'none: each dispatch makes a run; the first step of the job lets the lowest id of a name go on',
    asks: 'runs of that name at that commit',
    leaves: 'one plan; the later run ends `DUPLICATE_START`',
  },
  key: (run) => `planwarden/${run.id}/${run.round}#start-plan`,
  reconcile: async ({ run, output }) => {
    const target = services.config.target(run.target);
    if (target.kind !== 'terraform') return { found: 'absent' };
    const { codeSha } = await output('open-pull-request', pullRequestRecord);
    const found = await findWorkflow(services, target, { name: planRunName(roundOf(run)), commit: codeSha });
    // One that is only late is started twice; the second ends by itself, and the first is the one that counts.
    return found === undefined ? { found: 'absent' } : { found: 'present', result: null };
  },
});

/**
 * Plans in GitHub Actions, on the branch of the run. What comes back is only the sealed plan file; what it says is made
 * anew from it here. Files are read again and found safe before: a plan runs code.
 * @returns the plan, or the wait for it
 * @throws PlanwardenError WORKFLOWS_DIFFER, WORKFLOW_NOT_STARTED, WORKFLOW_FAILED, PLAN_FILE_DIFFERS, and what the job said
 */
export async function planInActions(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
  commit: string,
): Promise<PlannedStack | { readonly wait: StepOutcome }> {
  const { run } = context;
  const github = services.sourceControl(target);
  const files = await stackFilesAt(github, target, commit);
  const { branch } = await context.output('open-pull-request', pullRequestRecord);
  const runner = services.terraform.runner(target);
  await context.effect(NAME, z.null(), async () => {
    await assertWorkflows(github, commit);
    await readStack(files, { folder: target.path, providers: allowedProviders(target) });
    await github.startWorkflow({
      ...{ workflow: PLAN_WORKFLOW, ref: branch },
      inputs: {
        ...{ run: run.id, round: String(run.round), environment: target.environment, stack: target.stack },
        ...{ path: target.path, binary: target.terraform.binary, commit },
      },
    });
    return null;
  });
  const name = planRunName(roundOf(run));
  const awaited = await awaitWorkflow(services, context, target, { step: 'plan', start: NAME, name, commit });
  if ('wait' in awaited) return awaited;
  const end = await recordLog(context, github, awaited.run);
  if (awaited.run.conclusion !== 'success') throw jobFailed(awaited.run, end);
  const zip = await github.artifactZip(awaited.run.id, planArtifact(roundOf(run)));
  if (zip === null) throw noPlan(awaited.run.id);
  const planFile = openArtifact(zip, services.terraform.sealing.privateKey, sealedAbout(roundOf(run)));
  return runner.inspect({ stack: target.stack, files, planFile, signal: context.signal });
}

const noPlan = (id: number): PlanwardenError =>
  new PlanwardenError('PLAN_FILE_DIFFERS', `workflow run ${id} left no plan, or it has expired`, {
    remedy: 'Ask for the change again.',
  });
