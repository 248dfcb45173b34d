import { z } from 'zod';
import { manifestPlanSchema } from './plan.js';

/** What Terraform says it would do with one resource. */
export const TERRAFORM_ACTIONS = ['no-op', 'create', 'read', 'update', 'delete', 'replace', 'forget'] as const;
export type TerraformAction = (typeof TERRAFORM_ACTIONS)[number];

/** One resource of a Terraform plan. Sensitive values are markers; what is known only after apply is listed by path. */
export const plannedResourceSchema = z.strictObject({
  address: z.string(),
  mode: z.enum(['managed', 'data']),
  type: z.string(),
  name: z.string(),
  provider: z.string(),
  action: z.enum(TERRAFORM_ACTIONS),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
  /** Dotted paths of `after` that only apply will know. */
  unknown: z.array(z.string()),
  /** Id under which something that exists already is taken into the state. */
  importedAs: z.string().optional(),
  /** Address it had in the state before. */
  movedFrom: z.string().optional(),
});
export type PlannedResource = z.infer<typeof plannedResourceSchema>;

/** A Terraform plan as policy, people and the approval subject see it (spec 003, "What a plan is"). */
export const terraformPlanSchema = z.strictObject({
  kind: z.literal('terraform-plan/1'),
  /** SHA-256 of the canonical normalised `show -json`, made from the very file that `fileDigest` names. */
  digest: z.string(),
  /** SHA-256 of the saved plan file, which apply consumes. */
  fileDigest: z.string(),
  /** SHA-256 of the lock file the plan was made with; of nothing when no provider is needed. */
  lockDigest: z.string(),
  /** Of the state inside the plan file; empty and 0 before the first apply. */
  state: z.strictObject({ lineage: z.string(), serial: z.number().int() }),
  resources: z.array(plannedResourceSchema),
  /** Addresses of resources that were found changed outside of Terraform. */
  drift: z.array(z.string()),
  /** Providers and modules the plan was made with, and the versions that the files ask for. */
  providers: z.array(z.strictObject({ source: z.string(), version: z.string().nullable() })).default([]),
  modules: z
    .array(z.strictObject({ name: z.string(), source: z.string(), version: z.string().nullable() }))
    .default([]),
  summary: z.strictObject({
    create: z.number(),
    update: z.number(),
    delete: z.number(),
    replace: z.number(),
    noop: z.number(),
  }),
});
export type TerraformPlan = z.infer<typeof terraformPlanSchema>;

/**
 * What the files alone say would change, where no terraform could be asked: literal values, all else unknown. Policy may
 * read it; nobody can vote on it and nothing is applied from it.
 */
export const terraformPreviewSchema = z.strictObject({
  kind: z.literal('terraform-preview/1'),
  /** SHA-256 of the canonical JSON of the rest. */
  digest: z.string(),
  resources: z.array(plannedResourceSchema),
  summary: terraformPlanSchema.shape.summary,
});
export type TerraformPreview = z.infer<typeof terraformPreviewSchema>;

/** A plan of either kind, or what stands in its place. */
export const planSchema = z.discriminatedUnion('kind', [
  manifestPlanSchema,
  terraformPlanSchema,
  terraformPreviewSchema,
]);
export type Plan = z.infer<typeof planSchema>;

/** One setting of a resource as the source writes it: `ingress.cidr_blocks`. Computed ones have no value. */
export const sourceSettingSchema = z.strictObject({
  path: z.string(),
  line: z.number().int(),
  /** Line of the block it stands in: settings of one block belong together. */
  block: z.number().int().default(0),
  known: z.boolean(),
  value: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  /** The expression, at most 500 characters. */
  text: z.string(),
});

/** A resource or data source as the files of a stack declare it, before any plan. */
export const sourceResourceSchema = z.strictObject({
  address: z.string(),
  mode: z.enum(['managed', 'data']),
  type: z.string(),
  name: z.string(),
  file: z.string(),
  line: z.number().int(),
  settings: z.array(sourceSettingSchema),
});
export type SourceResource = z.infer<typeof sourceResourceSchema>;

/** A provider as the files of a stack declare it. */
export const sourceProviderSchema = z.strictObject({
  name: z.string(),
  /** `namespace/type`; null where it is not written plainly. */
  source: z.string().nullable(),
  /** As written; null where there is none, or none that is a plain version. */
  version: z.string().nullable(),
  /** Whether it gives every resource a tag owner. */
  tagsOwner: z.boolean(),
  file: z.string(),
  line: z.number().int(),
});
export type SourceProvider = z.infer<typeof sourceProviderSchema>;

/** A call of a module. */
export const sourceModuleSchema = z.strictObject({
  name: z.string(),
  /** Null where source or version is not plain text. */
  source: z.string().nullable(),
  version: z.string().nullable(),
  file: z.string(),
  line: z.number().int(),
});
export type SourceModule = z.infer<typeof sourceModuleSchema>;

/** What the files of a stack declare. */
export interface StackSource {
  readonly resources: readonly SourceResource[];
  readonly providers: readonly SourceProvider[];
  readonly modules: readonly SourceModule[];
}
