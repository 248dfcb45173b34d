import { readFileSync } from 'node:fs';
import { PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';

/** `computed` is what only the provider sets; what it computes unless it is given counts as `optional`. */
export type AttributeUse = 'required' | 'optional' | 'computed';

export interface AttributeSchema {
  readonly type: string;
  readonly use: AttributeUse;
  /** Of an attribute that holds objects: Terraform takes each of them written as a block too. */
  readonly fields?: ReadonlyMap<string, AttributeSchema> | undefined;
}

/** What may stand between the braces of a type or block. */
export interface BodySchema {
  readonly attributes: ReadonlyMap<string, AttributeSchema>;
  readonly blocks: ReadonlyMap<string, BlockSchema>;
}

export interface BlockSchema extends BodySchema {
  readonly kind: 'list' | 'set' | 'single';
  readonly min?: number | undefined;
  readonly max?: number | undefined;
}

export type TypeMode = 'resources' | 'data';

export interface ProviderSchema {
  /** For messages, e.g. `hashicorp/aws 6.66.0`. */
  readonly name: string;
  readonly types: Readonly<Record<TypeMode, ReadonlyMap<string, BodySchema>>>;
  /** Types that exist, and of which no more is kept than the name. */
  readonly others: Readonly<Record<TypeMode, ReadonlySet<string>>>;
}

// Maps, not objects: a file may well name an argument `constructor`.
const mapOf = <T extends z.ZodType>(item: T) =>
  z.record(z.string(), item).transform((found) => new Map<string, z.output<T>>(Object.entries(found)));
const plainAttribute = z.object({ type: z.string(), use: z.enum(['required', 'optional', 'computed']) });
const attributes = mapOf(plainAttribute.extend({ fields: mapOf(plainAttribute).optional() }));
const block: z.ZodType<BlockSchema> = z.object({
  kind: z.enum(['list', 'set', 'single']),
  min: z.number().int().optional(),
  max: z.number().int().optional(),
  attributes,
  blocks: z.lazy(() => mapOf(block)),
});
const body = z.object({ attributes, blocks: mapOf(block) });
const names = z.array(z.string()).transform((list) => new Set(list));
const schemaFile = z.object({
  version: z.literal('terraform-schema/1'),
  provider: z.string(),
  providerVersion: z.string(),
  resources: mapOf(body),
  data: mapOf(body),
  others: z.object({ resources: names, data: names }),
  meta: body.optional(),
});

/** Provider as types begin with it -> its file. `aws.json` is made by scripts/terraform-schema.mjs, never by hand. */
const FILES = { aws: 'aws.json', terraform: 'builtin.json' } as const;
const read = new Map<string, z.output<typeof schemaFile>>();

function load(name: string): z.output<typeof schemaFile> {
  const known = read.get(name);
  if (known !== undefined) return known;
  try {
    const parsed = schemaFile.parse(JSON.parse(readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8')));
    read.set(name, parsed);
    return parsed;
  } catch (cause) {
    throw new PlanwardenError('CONFIG_INVALID', 'the shipped names of a Terraform provider cannot be read', {
      where: { file: `libs/terraform/schema/${name}` },
      remedy: 'Restore the file from the repository.',
      cause,
    });
  }
}

/**
 * The shipped schema of the provider that a type belongs to.
 * @param type e.g. `aws_s3_bucket`; what stands before the first `_` is the provider
 * @returns undefined for a provider of which no schema is shipped
 * @throws PlanwardenError CONFIG_INVALID when a shipped file is missing or broken
 */
export function providerSchema(type: string): ProviderSchema | undefined {
  const provider = type.split('_')[0];
  if (provider !== 'aws' && provider !== 'terraform') return undefined;
  const found = load(FILES[provider]);
  return {
    name: `${found.provider} ${found.providerVersion}`,
    types: { resources: found.resources, data: found.data },
    others: found.others,
  };
}

/** What the language itself allows in every resource and data source. @throws PlanwardenError CONFIG_INVALID */
export function metaSchema(): BodySchema {
  return load(FILES.terraform).meta ?? { attributes: new Map(), blocks: new Map() };
}
