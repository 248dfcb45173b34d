import type { Target } from '@planwarden/contracts';
import { PROTECTION_REQUIREMENTS, type ProtectionFinding } from '@planwarden/source-control';
import type { ChangeServices } from './change.services.js';
import { CHECK_NAME } from './steps/publish-evidence.step.js';

/** Every requirement of a target's repository, read at GitHub now. */
export const protectionOf = (
  { sourceControl }: Pick<ChangeServices, 'sourceControl'>,
  target: Target,
): Promise<ProtectionFinding[]> =>
  sourceControl(target).protection({
    ...{ branch: target.baseBranch, quorum: target.quorum, checkName: CHECK_NAME },
    environments:
      target.kind === 'terraform' && target.terraform.runner === 'actions'
        ? { plan: `planwarden-plan-${target.environment}`, apply: `planwarden-apply-${target.environment}` }
        : null,
  });

/** What is missing, by name and in words. */
export async function missingProtection(
  services: Pick<ChangeServices, 'sourceControl'>,
  target: Target,
): Promise<string[]> {
  const findings = await protectionOf(services, target);
  return findings.filter(({ isMet }) => !isMet).map(({ name }) => `${name} (${PROTECTION_REQUIREMENTS[name]})`);
}
