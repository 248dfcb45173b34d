import { PlanwardenError } from '@planwarden/contracts';
import { unzipSync } from 'fflate';

const MAX_STATE_BYTES = 128 * 1024 * 1024;

/**
 * Lineage and serial of the state inside a saved plan file, a zip whose entry `tfstate` is the state it was made on.
 * @throws PlanwardenError TERRAFORM_FAILED when it is no such file
 */
export function planFileState(planFile: Uint8Array): { readonly lineage: string; readonly serial: number } {
  try {
    const entries = unzipSync(planFile, {
      filter: ({ name, originalSize }) => name === 'tfstate' && originalSize <= MAX_STATE_BYTES,
    });
    const said = JSON.parse(Buffer.from(entries.tfstate ?? []).toString('utf8')) as {
      lineage?: unknown;
      serial?: unknown;
    };
    if (typeof said.lineage === 'string' && typeof said.serial === 'number') {
      return { lineage: said.lineage, serial: said.serial };
    }
  } catch {
    // Told below, without what was read.
  }
  throw new PlanwardenError('TERRAFORM_FAILED', 'the plan file holds no state', {
    remedy: 'Use Terraform 1.5 or later, or OpenTofu 1.6 or later.',
  });
}
