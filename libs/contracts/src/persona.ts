import { z } from 'zod';
import { PERSONAS, SEVERITIES, STRATEGIES, TOOL_NAMES } from './lists.js';

/** Highest change a persona may propose (spec 003, "Risk ceiling"). */
export const riskCeilingSchema = z.strictObject({
  severity: z.enum(SEVERITIES),
  affectedResources: z.number().int().min(0),
  destroyOrReplace: z.boolean(),
});
export type RiskCeiling = z.infer<typeof riskCeilingSchema>;

/** A persona file as trusted. */
export const personaSchema = z.strictObject({
  name: z.enum(PERSONAS),
  title: z.string(),
  strategy: z.enum(STRATEGIES),
  tools: z.array(z.enum(TOOL_NAMES)),
  /** Environments this persona may change; `*` alone means every environment. */
  environments: z.array(z.string()).min(1),
  riskCeiling: riskCeilingSchema,
  reportStyle: z.enum(['change', 'findings', 'summary']),
  prompt: z.string(),
});
export type Persona = z.infer<typeof personaSchema>;

/** What one request may do after token, persona and request were put together. Never wider than the token. */
export interface Scope {
  readonly principal: string;
  readonly onBehalfOf: string | null;
  readonly persona: Persona;
  readonly targets: readonly string[];
}
