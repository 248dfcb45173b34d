import type { TerraformTarget } from '@planwarden/contracts';
import type { AllowedProvider } from '@planwarden/terraform';

type Provider = TerraformTarget['terraform']['providers'][number];

/** Whether the operator sets a provider up. */
export const isOperated = ({ settings, credentials }: Provider): boolean =>
  Object.keys(settings).length + Object.keys(credentials).length > 0;

/** What files of the target may use; what the operator sets up, no file may. */
export const allowedProviders = ({ terraform }: TerraformTarget): AllowedProvider[] =>
  terraform.providers.map((one) => ({ source: one.source, version: one.version, isOperated: isOperated(one) }));
