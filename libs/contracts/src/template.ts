import { z } from 'zod';

export const templateSummarySchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  kind: z.enum(['manifests', 'terraform']),
  version: z.string(),
  digest: z.string(),
});
export type TemplateSummary = z.infer<typeof templateSummarySchema>;

/** `parameters` is a JSON Schema (2020-12 subset that draft-07 validators read): types, defaults, limits, help. */
export const templateDetailSchema = templateSummarySchema.extend({
  parameters: z.record(z.string(), z.unknown()),
  example: z.record(z.string(), z.unknown()),
  produces: z.array(z.string()),
});
export type TemplateDetail = z.infer<typeof templateDetailSchema>;
