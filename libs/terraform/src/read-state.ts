import { PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';

/** A resource of a state, without its values. */
export interface StackResource {
  /** Without an index. */
  readonly address: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly provider: string;
  readonly instances: number;
  readonly dependencies: readonly string[];
}

export interface StackState {
  readonly lineage: string;
  readonly serial: number;
  readonly resources: readonly StackResource[];
}

const stateSchema = z.looseObject({
  version: z.literal(4),
  lineage: z.string(),
  serial: z.number().int(),
  resources: z.array(
    z.looseObject({
      module: z.string().optional(),
      mode: z.enum(['managed', 'data']),
      type: z.string(),
      name: z.string(),
      provider: z.string(),
      instances: z.array(z.looseObject({ dependencies: z.array(z.string()).default([]) })),
    }),
  ),
});

/**
 * What a state (format 4) holds, without any value: values may be secrets.
 * @throws PlanwardenError TERRAFORM_FAILED for another format
 */
export function readState(json: unknown): StackState {
  const read = stateSchema.safeParse(json);
  if (!read.success) {
    throw new PlanwardenError('TERRAFORM_FAILED', 'the state is in a format that is not known', {
      remedy: 'Use Terraform 1.5 or later, or OpenTofu 1.6 or later.',
    });
  }
  const { lineage, serial, resources } = read.data;
  return {
    lineage,
    serial,
    resources: resources.map(({ module, mode, type, name, provider, instances }) => ({
      address: [module, mode === 'data' ? 'data' : undefined, type, name].filter((part) => part).join('.'),
      ...{ mode, type, name, provider: providerName(provider), instances: instances.length },
      dependencies: [...new Set(instances.flatMap(({ dependencies }) => dependencies))].sort(),
    })),
  };
}

/** `hashicorp/aws` of `provider["<host>/hashicorp/aws"]`. */
const providerName = (text: string): string => /"(?:[^"/]+\/)?([^"]+)"/.exec(text)?.[1] ?? text;
