import {
  demandsSchema,
  factsSchema,
  findingSchema,
  NO_DEMANDS,
  objectRefSchema,
  planSchema,
  provenanceSchema,
  sourceModuleSchema,
  sourceProviderSchema,
  sourceResourceSchema,
  tallySchema,
} from '@planwarden/contracts';
import { z } from 'zod';

/** What each step leaves in the journal for the steps after it. */

const fileSchema = z.strictObject({ path: z.string(), content: z.string().nullable(), provenance: provenanceSchema });

export const parsedObjectSchema = z.strictObject({
  ref: objectRefSchema,
  file: z.string(),
  line: z.number().int(),
  object: z.record(z.string(), z.unknown()),
  lines: z.record(z.string(), z.number().int()),
  provenance: provenanceSchema,
});

export const decisionRecord = z.strictObject({
  id: z.string(),
  digest: z.string(),
  inputDigest: z.string(),
  bundleDigest: z.string(),
  findings: z.array(findingSchema),
});
export type DecisionRecord = z.infer<typeof decisionRecord>;

export const contextRecord = z.strictObject({ facts: factsSchema, factsDigest: z.string() });
export const generateRecord = z.strictObject({ files: z.array(fileSchema) });
export const validateRecord = z.strictObject({
  files: z.array(fileSchema),
  /** Paths of every changed file of the repository, also those that are no manifests. */
  paths: z.array(z.string()),
  objects: z.array(parsedObjectSchema),
  /** Of a Terraform stack, all its files taken together. */
  resources: z.array(sourceResourceSchema).default([]),
  providers: z.array(sourceProviderSchema).default([]),
  modules: z.array(sourceModuleSchema).default([]),
});
export type ValidateRecord = z.infer<typeof validateRecord>;
export const checkSourceRecord = z.strictObject({ decision: decisionRecord });
export const pullRequestRecord = z.strictObject({
  branch: z.string(),
  number: z.number().int(),
  url: z.string(),
  /** Merge base of branch and base branch. */
  baseSha: z.string(),
  /** The commit whose files are planned and voted on. */
  codeSha: z.string(),
  /** Commits that our journal made: nobody else is their author. */
  ourCommits: z.array(z.string()),
});
export type PullRequestRecord = z.infer<typeof pullRequestRecord>;
export const planRecord = z.strictObject({
  plan: planSchema,
  planText: z.string(),
  toolVersions: z.record(z.string(), z.string()),
});
export const checkPlanRecord = z.strictObject({
  decision: decisionRecord,
  quorum: z.number().int(),
  demands: demandsSchema.default(NO_DEMANDS),
  snapshotId: z.string(),
  factsDigest: z.string(),
});
export const evidenceRecord = z.strictObject({
  subjectDigest: z.string(),
  evidenceSha: z.string(),
  blockDigest: z.string(),
  expiresAt: z.string(),
});
export const confirmRecord = z.strictObject({
  /** Commit of a merge that an earlier attempt of ours released; null when the Approval is in hand. */
  releasedSha: z.string().nullable(),
  tally: tallySchema.nullable(),
});
/** Of the state after an apply. */
export const applyRecord = z.strictObject({ lineage: z.string(), serial: z.number().int() });
export const mergeRecord = z.strictObject({ mergeSha: z.string() });
export const workloadSchema = z.strictObject({
  kind: z.string(),
  namespace: z.string(),
  name: z.string(),
  desired: z.number().int(),
  ready: z.number().int(),
  pods: z.number().int(),
});
export type Workload = z.infer<typeof workloadSchema>;
export const verifyRecord = z.strictObject({
  revision: z.string(),
  workloads: z.array(workloadSchema),
  images: z.record(z.string(), z.string()),
  /** One sentence a workload, e.g. "3 pods running". */
  sentences: z.array(z.string()),
  decision: z.string(),
});
export const graphRecord = z.strictObject({ snapshotId: z.string(), nodes: z.number().int() });
export const summaryRecord = z.strictObject({ text: z.string() });
