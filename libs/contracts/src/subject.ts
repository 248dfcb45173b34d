import { z } from 'zod';
import { ASSURANCES, DELIVERIES, VOTE_ROADS } from './lists.js';
import { requesterSchema } from './target.js';

/** The approval subject (spec 003, "Subject, vote, approval"). Fields that a road lacks are absent. */
export const subjectSchema = z.strictObject({
  version: z.literal('subject/1'),
  installation: z.string(),
  run: z.string(),
  round: z.number().int(),
  target: z.strictObject({
    name: z.string(),
    environment: z.string(),
    repositoryId: z.number().int(),
    baseBranch: z.string(),
    path: z.string(),
    /** Of manifests. */
    cluster: z.string().optional(),
    /** Of Terraform. */
    stack: z.string().optional(),
    delivery: z.enum(DELIVERIES),
    configurationDigest: z.string(),
  }),
  change: z.strictObject({ baseSha: z.string(), codeSha: z.string(), filesDigest: z.string() }),
  plan: z.strictObject({
    kind: z.enum(['manifest-plan/1', 'terraform-plan/1']),
    digest: z.string(),
    /** Of Terraform: the saved plan file, the lock file, and the state the plan was made on. */
    fileDigest: z.string().optional(),
    lockDigest: z.string().optional(),
    state: z.strictObject({ lineage: z.string(), serial: z.number().int() }).optional(),
    toolVersions: z.record(z.string(), z.string()),
  }),
  policy: z.strictObject({
    bundleDigest: z.string(),
    inputDigest: z.string(),
    decisionDigest: z.string(),
    waivers: z.array(z.string()),
  }),
  graph: z.strictObject({ snapshotId: z.string(), factsDigest: z.string() }),
  requester: requesterSchema,
  quorum: z.number().int().min(1),
  /** RFC 3339, UTC. */
  expiresAt: z.string(),
});
export type Subject = z.infer<typeof subjectSchema>;

/** One vote of one person on one subject. */
export const voteSchema = z.strictObject({
  subjectDigest: z.string(),
  decision: z.enum(['approve', 'reject']),
  /** Person id in planwarden.yaml; null when the GitHub account belongs to nobody we know. */
  person: z.string().nullable(),
  githubId: z.number().int().nullable(),
  road: z.enum(VOTE_ROADS),
  /** Review id, comment id or our own vote id: where the vote can be looked up. */
  reference: z.string(),
  reason: z.string(),
  at: z.string(),
  assurance: z.enum(ASSURANCES),
});
export type Vote = z.infer<typeof voteSchema>;

/** Why a vote does not count, said in words for the page and the log. */
export const uncountedVoteSchema = z.strictObject({ vote: voteSchema, code: z.string(), message: z.string() });
export type UncountedVote = z.infer<typeof uncountedVoteSchema>;

/** The count of votes on a subject: what counts, what does not and why, and what is missing. */
export const tallySchema = z.strictObject({
  quorum: z.number().int(),
  approvals: z.array(voteSchema),
  rejects: z.array(voteSchema),
  uncounted: z.array(uncountedVoteSchema),
  reached: z.boolean(),
  /** Sentences that name what is missing; empty when reached. */
  missing: z.array(z.string()),
  /** Persons who could still vote. */
  mayVote: z.array(z.string()),
});
export type Tally = z.infer<typeof tallySchema>;
