import type { TerraformTarget } from '@planwarden/contracts';
import { planToText } from '@planwarden/manifests';
import { done, type Step, type StepContext, type StepOutcome } from '@planwarden/runs';
import { previewStack, readStack, terraformPlanToText } from '@planwarden/terraform';
import { VERSION } from '../../version.js';
import { uncoveredPath } from '../argocd-sync.js';
import { planRecord, pullRequestRecord, validateRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { takeLockOf } from '../locks.js';
import { makePlan } from '../make-plan.js';
import { readerOverClient } from '../observe.js';
import { end } from '../outcomes.js';
import { planInActions, startPlanEffect } from '../terraform/actions/plan-in-actions.js';
import { allowedProviders } from '../terraform/allowed-providers.js';
import { keepPlan, planAtCommit, terraformVersions } from '../terraform/plan-stack.js';
import { stackFilesAt } from '../terraform/stack-files.js';

/** How long a plan file is kept after its subject has expired: an apply that began in time still finds it. */
const KEPT_AFTER_SECONDS = 3600;

/** What would change in the cluster, object by object, from what GitHub holds and what runs now. */
export function planStep(services: ChangeServices): Step {
  return {
    name: 'plan',
    state: 'planning',
    effects: [startPlanEffect(services)],
    deadlineMs: 2 * 60 * 60_000,
    execute: async (context) => {
      const target = services.config.target(context.run.target);
      const github = services.sourceControl(target);
      const pull = await context.output('open-pull-request', pullRequestRecord);
      const tip = await github.branchHead(target.baseBranch);
      const isMoved =
        tip === null ||
        (await github.subtreeSha(tip, target.path)) !== (await github.subtreeSha(pull.baseSha, target.path));
      if (isMoved) {
        return {
          kind: 'new-round',
          error: {
            code: 'BASE_MOVED',
            message: "the base branch changed below the target's path",
            remedy: 'The run brings the base in and plans again.',
          },
        };
      }
      if (target.kind === 'terraform') return planTerraform(services, context, target, pull);
      const { files, objects } = await context.output('validate', validateRecord);
      const paths = files.filter((file) => file.content !== null).map((file) => file.path);
      const uncovered = await uncoveredPath(
        readerOverClient(services, target),
        target,
        paths,
        objects.map((parsed) => parsed.object),
      );
      if (uncovered !== undefined) {
        return end(
          'errored',
          'MANIFEST_INVALID',
          `no Argo CD application of the target reads ${uncovered}: merging it would apply nothing`,
          `Put it into the folder of an application, or add an Application below ${target.argocd.rootPath}.`,
        );
      }
      const { plan, toolVersions } = await makePlan(services, target, pull);
      const { create, update, delete: remove, noop } = plan.summary;
      return done(
        `${create} to create, ${update} to update, ${remove} to delete, ${noop} unchanged`,
        planRecord.parse({ plan, planText: planToText(plan), toolVersions }),
      );
    },
  };
}

async function planTerraform(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
  commits: { readonly baseSha: string; readonly codeSha: string },
): Promise<StepOutcome> {
  if (!services.terraform.has(target)) return previewTerraform(services, target, commits);
  const { run } = context;
  const { codeSha: commit } = commits;
  // From here until the run ends nobody else plans on this state: a plan made beside ours would soon be stale.
  const wait = await takeLockOf(services, context, target);
  if (wait) return wait;
  const made =
    target.terraform.runner === 'actions'
      ? await planInActions(services, context, target, commit)
      : await planAtCommit(services, target, commit, context.signal);
  if ('wait' in made) return made.wait;
  const now = await services.fresh(target.name).now();
  const keepUntil = new Date(now.getTime() + (target.limits.approvalExpirySeconds + KEPT_AFTER_SECONDS) * 1000);
  const { plan, planText } = await keepPlan(services, run, made, keepUntil);
  const { create, update, replace, delete: remove, noop } = plan.summary;
  if (create + update + replace + remove === 0) {
    return end(
      'errored',
      'FILES_UNCHANGED',
      'the plan changes nothing',
      'There is nothing to apply; close the request.',
    );
  }
  return done(
    `${create} to create, ${update} to update, ${replace} to replace, ${remove} to delete, ${noop} unchanged`,
    planRecord.parse({ plan, planText, toolVersions: await terraformVersions(services, target) }),
  );
}

/** Without a binary: what the files alone say, for policy to read. The run ends after that. */
async function previewTerraform(
  services: ChangeServices,
  target: TerraformTarget,
  { baseSha, codeSha }: { readonly baseSha: string; readonly codeSha: string },
): Promise<StepOutcome> {
  const github = services.sourceControl(target);
  const [base, head] = [await stackFilesAt(github, target, baseSha), await stackFilesAt(github, target, codeSha)];
  await readStack(head, { folder: target.path, providers: allowedProviders(target) });
  const plan = await previewStack(base, head);
  const { create, update, delete: remove, noop } = plan.summary;
  return done(
    `a preview, no plan: ${create} to create, ${update} to update, ${remove} to delete, ${noop} unchanged`,
    planRecord.parse({ plan, planText: terraformPlanToText(plan), toolVersions: { planwarden: VERSION } }),
  );
}
