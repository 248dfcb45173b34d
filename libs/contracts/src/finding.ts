import { z } from 'zod';
import { objectRefSchema } from './change.js';
import { POLICY_PHASES, SEVERITIES } from './lists.js';

/** What a rule found, where, and how to mend it. */
export const findingSchema = z.strictObject({
  rule: z.string(),
  severity: z.enum(SEVERITIES),
  message: z.string(),
  remedy: z.string(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  object: objectRefSchema.nullable(),
});
export type Finding = z.infer<typeof findingSchema>;

/** The recorded evaluation of one phase. `digest` covers everything but id and time. */
export const decisionSchema = z.strictObject({
  id: z.string(),
  phase: z.enum(POLICY_PHASES),
  allow: z.boolean(),
  findings: z.array(findingSchema),
  /** Ids of all rules that were evaluated in this phase. */
  rulesEvaluated: z.array(z.string()),
  bundleDigest: z.string(),
  inputDigest: z.string(),
  digest: z.string(),
  run: z.string().nullable(),
  round: z.number().int().nullable(),
  step: z.string().nullable(),
  at: z.string(),
});
export type Decision = z.infer<typeof decisionSchema>;

/** Severities that deny; a decision with none of them allows. */
export const DENYING_SEVERITIES = ['critical', 'high', 'medium'] as const;
