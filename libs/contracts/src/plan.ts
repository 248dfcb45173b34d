import { z } from 'zod';
import { objectRefSchema } from './change.js';

/** One changed field: JSON pointer, value before and after (absent: undefined in JSON, so left out). Secrets are masked. */
export const fieldChangeSchema = z.strictObject({
  path: z.string(),
  op: z.enum(['add', 'remove', 'replace']),
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});
export type FieldChange = z.infer<typeof fieldChangeSchema>;

/** One object of a manifest plan (spec 003, "What a plan is"). */
export const plannedObjectSchema = z.strictObject({
  cluster: z.string(),
  ...objectRefSchema.shape,
  action: z.enum(['create', 'update', 'delete', 'no-op']),
  /** Whether `desired` comes from a server-side dry run, or is the rendered object as it is. */
  desiredFrom: z.enum(['dry-run', 'rendered']),
  liveUid: z.string().nullable(),
  /** Kept for compare-and-set; not part of the digest. */
  liveResourceVersion: z.string().nullable(),
  liveDigest: z.string().nullable(),
  desiredDigest: z.string().nullable(),
  diff: z.array(fieldChangeSchema),
});
export type PlannedObject = z.infer<typeof plannedObjectSchema>;

export const manifestPlanSchema = z.strictObject({
  kind: z.literal('manifest-plan/1'),
  /** SHA-256 of the canonical JSON of the plan without `digest` and without every `liveResourceVersion`. */
  digest: z.string(),
  objects: z.array(plannedObjectSchema),
  /** Images of every container in the desired objects, as `<namespace>/<kind>/<name>/<container>` -> image. */
  images: z.record(z.string(), z.string()),
  summary: z.strictObject({ create: z.number(), update: z.number(), delete: z.number(), noop: z.number() }),
});
export type ManifestPlan = z.infer<typeof manifestPlanSchema>;
