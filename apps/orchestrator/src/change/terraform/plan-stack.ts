import type { TerraformPlan, TerraformTarget } from '@planwarden/contracts';
import { sha256 } from '@planwarden/contracts';
import { redactJson } from '@planwarden/redaction';
import type { RunRecord } from '@planwarden/runs';
import { type PlannedStack, readStack, type StackState, terraformPlanToText } from '@planwarden/terraform';
import { VERSION } from '../../version.js';
import type { ChangeServices } from '../change.services.js';
import { allowedProviders } from './allowed-providers.js';
import { stackFilesAt } from './stack-files.js';

type Needs = Pick<ChangeServices, 'sourceControl' | 'terraform'>;

/** Versions of what a plan of this target is made with. */
export async function terraformVersions(
  { terraform }: Pick<ChangeServices, 'terraform'>,
  target: TerraformTarget,
): Promise<Readonly<Record<string, string>>> {
  return { planwarden: VERSION, [target.terraform.binary]: await terraform.version(target) };
}

/**
 * Plans the stack as it stands at a commit. The files are read again and found safe again: what is planned is what
 * GitHub holds, whoever pushed it.
 */
export async function planAtCommit(services: Needs, target: TerraformTarget, commit: string, signal: AbortSignal) {
  const files = await stackFilesAt(services.sourceControl(target), target, commit);
  await readStack(files, { folder: target.path, providers: allowedProviders(target) });
  return services.terraform.runner(target).plan({ stack: target.stack, files, signal });
}

/** Keeps the plan file sealed until `keepUntil`, and answers what the journal may hold. */
export async function keepPlan(
  services: Needs,
  run: RunRecord,
  { plan: made, planFile }: PlannedStack,
  keepUntil: Date,
): Promise<{ readonly plan: TerraformPlan; readonly planText: string }> {
  await services.terraform.vault.keep(run.id, run.round, planFile, keepUntil);
  // What Terraform does not know to be sensitive may be a secret all the same. The digests are of the whole plan.
  const resources = made.resources.map((one) => ({
    ...one,
    before: redactJson(one.before),
    after: redactJson(one.after),
  }));
  const plan = { ...made, resources };
  return { plan, planText: terraformPlanToText(plan) };
}

/** What there is to compare with the plan that was voted on. */
export async function planNow(services: Needs, target: TerraformTarget, run: RunRecord, codeSha: string) {
  const planFile = await services.terraform.vault.open(run.id, run.round);
  const { lineage, serial } = await stateOf(services, target);
  return {
    kind: 'terraform-plan/1' as const,
    fileDigest: planFile === null ? null : sha256(planFile),
    lockDigest: await lockDigestAt(services, target, codeSha),
    state: { lineage, serial },
    toolVersions: await terraformVersions(services, target),
  };
}

export const stateOf = (services: Pick<ChangeServices, 'terraform'>, target: TerraformTarget): Promise<StackState> =>
  services.terraform.runner(target).state({ stack: target.stack });

async function lockDigestAt(services: Needs, target: TerraformTarget, commit: string): Promise<string | null> {
  const files = await stackFilesAt(services.sourceControl(target), target, commit);
  const lock = files.find(({ path }) => path === '.terraform.lock.hcl');
  return lock === undefined ? null : sha256(lock.content);
}
