import { z } from 'zod';
import { ASSURANCES, DELIVERIES, VOTE_ROADS } from './lists.js';
import { requesterSchema } from './target.js';

/** What the votes must hold besides their number. */
export const demandsSchema = z.strictObject({
  /** How many of the approvals must be given with `presence`. */
  presence: z.number().int().min(0),
  /** Role -> how many approving persons must hold it in the target's environment. */
  roles: z.record(z.string(), z.number().int().min(1)),
  /** CODEOWNERS of the base branch: of each entry that a changed path meets, one owner must approve. */
  owners: z.array(
    z.strictObject({
      pattern: z.string(),
      /** Person ids, found by the accounts' numeric ids. */
      people: z.array(z.string()),
      /** Owners that are nobody in people: teams, e-mail addresses, other accounts. */
      unknown: z.array(z.string()),
    }),
  ),
});
export type Demands = z.infer<typeof demandsSchema>;
export const NO_DEMANDS: Demands = { presence: 0, roles: {}, owners: [] };

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
  change: z.strictObject({
    baseSha: z.string(),
    codeSha: z.string(),
    filesDigest: z.string(),
    /** Of the shipped workflow files at that commit, where they plan and apply. */
    workflowsDigest: z.string().optional(),
  }),
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
  demands: demandsSchema,
  /** RFC 3339, UTC. */
  expiresAt: z.string(),
});
export type Subject = z.infer<typeof subjectSchema>;

/** A passkey's assertion as it was sent, with all that is needed to verify it again without us. Base64url, no padding. */
export const presenceSchema = z.strictObject({
  credentialId: z.string(),
  /** COSE key. */
  publicKey: z.string(),
  rpId: z.string(),
  origin: z.string(),
  authenticatorData: z.string(),
  clientDataJson: z.string(),
  signature: z.string(),
});
export type Presence = z.infer<typeof presenceSchema>;

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
  /** Of assurance `presence` only. */
  presence: presenceSchema.optional(),
});
export type Vote = z.infer<typeof voteSchema>;

/** Why a vote does not count, said in words for the page and the log. */
export const uncountedVoteSchema = z.strictObject({ vote: voteSchema, code: z.string(), message: z.string() });
export type UncountedVote = z.infer<typeof uncountedVoteSchema>;

/** A person's timed exception for one subject: lifts a freeze, and the demands of roles and CODEOWNERS. */
export const breakGlassSchema = z.strictObject({
  id: z.string(),
  run: z.string(),
  subjectDigest: z.string(),
  by: z.string(),
  reason: z.string(),
  at: z.string(),
  until: z.string(),
  assurance: z.enum(['session', 'presence']),
});
export type BreakGlass = z.infer<typeof breakGlassSchema>;

/** Applies of an environment, or all, stopped for a time. */
export const freezeSchema = z.strictObject({
  id: z.string(),
  /** Null: every environment. */
  environment: z.string().nullable(),
  reason: z.string(),
  by: z.string(),
  at: z.string(),
  /** The window: from here, until there (null: until lifted). */
  from: z.string(),
  until: z.string().nullable(),
  lifted: z.strictObject({ by: z.string(), reason: z.string(), at: z.string() }).nullable(),
  /** Whether it stops applies now. */
  active: z.boolean(),
});
export type Freeze = z.infer<typeof freezeSchema>;

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
  /** What is asked besides the number. */
  demands: demandsSchema.default(NO_DEMANDS),
  /** Who approved what they asked for themselves: with presence, because nobody else in people could. */
  selfApproved: z.array(z.string()).default([]),
  breakGlass: breakGlassSchema.nullable().default(null),
});
export type Tally = z.infer<typeof tallySchema>;
