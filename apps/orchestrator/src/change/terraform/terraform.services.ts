import type { TerraformTarget } from '@planwarden/contracts';
import type { PlanVault, SealingKeys, StackRunner } from '@planwarden/terraform';

/** What changes of Terraform work with. */
export interface TerraformServices {
  /** Whether there is a binary for the target: without one there is a preview, and no plan. */
  has(target: TerraformTarget): boolean;
  /** Runs the target's terraform or tofu. @throws PlanwardenError PLAN_UNAVAILABLE when there is none */
  runner(target: TerraformTarget): StackRunner;
  /** Version of it, asked once. @throws PlanwardenError PLAN_UNAVAILABLE */
  version(target: TerraformTarget): Promise<string>;
  readonly vault: PlanVault;
  /** With which plans made in GitHub Actions are sealed for us. */
  readonly sealing: SealingKeys;
  /** GitHub id of the App that starts workflows. */
  readonly releaseBotId: number;
}
