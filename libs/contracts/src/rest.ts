import { z } from 'zod';
import { changeRequestSchema, pullRequestAtSchema } from './change.js';
import { errorBodySchema } from './errors.js';
import { decisionSchema, findingSchema } from './finding.js';
import { factsSchema } from './graph.js';
import { POLICY_PHASES, REVIEW_EVENTS, RUN_STATES, RUN_STEPS, STRATEGIES, WAIT_REASONS } from './lists.js';
import { breakGlassSchema, freezeSchema, subjectSchema, tallySchema } from './subject.js';
import { requesterSchema } from './target.js';
import { planSchema } from './terraform-plan.js';

/** Shapes of REST /api/v1, shared by the orchestrator and the web pages. Times are RFC 3339, UTC. */

export const runSummarySchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  state: z.enum(RUN_STATES),
  ended: z.boolean(),
  wait: z.strictObject({ reason: z.enum(WAIT_REASONS), message: z.string() }).nullable(),
  round: z.number().int(),
  step: z.string().nullable(),
  target: z.string(),
  environment: z.string(),
  persona: z.string(),
  requester: requesterSchema,
  /** The run that this one tries again or undoes. */
  parent: z.strictObject({ run: z.string(), kind: z.enum(['retry', 'rollback']) }).nullable(),
  /** Why the run ended as it did, where that is neither `applied` nor `reviewed`. */
  outcome: errorBodySchema.nullable(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type RunSummary = z.infer<typeof runSummarySchema>;

export const runListSchema = z.strictObject({ runs: z.array(runSummarySchema), next: z.string().nullable() });
export type RunList = z.infer<typeof runListSchema>;

export const STEP_STATES = ['waiting', 'running', 'parked', 'done', 'failed', 'skipped'] as const;
export const stepViewSchema = z.strictObject({
  name: z.enum(RUN_STEPS),
  state: z.enum(STEP_STATES),
  startedAt: z.string().nullable(),
  finishedAt: z.string().nullable(),
  message: z.string().nullable(),
});
export type StepView = z.infer<typeof stepViewSchema>;

/** A lock that a run holds, or that an ended one has kept, and who waits for it, first come first. */
export const lockViewSchema = z.strictObject({
  /** `terraform:<stack>` or `gitops:<owner>/<repository>:<path>`. */
  name: z.string(),
  holder: z.string(),
  since: z.string(),
  /** Why an ended run still holds it: a person releases it. Null while a run that is under way holds it. */
  kept: z.string().nullable(),
  queue: z.array(z.strictObject({ run: z.string(), since: z.string() })),
});
export type LockView = z.infer<typeof lockViewSchema>;

export const decisionRefSchema = z.strictObject({
  id: z.string(),
  phase: z.enum(POLICY_PHASES),
  allow: z.boolean(),
  findings: z.number().int(),
  at: z.string(),
});

/** What a review run looked at and where its findings went. */
export const reviewViewSchema = z.strictObject({
  /** Null for a review of files alone: the findings of the run are its answer. */
  pullRequest: pullRequestAtSchema.extend({ url: z.string() }).nullable(),
  /** Whether a finding denies. */
  denies: z.boolean(),
  /** The review on GitHub, once it is there. */
  posted: z
    .strictObject({
      event: z.enum(REVIEW_EVENTS),
      url: z.string(),
      /** Comments at lines of the diff; what is found elsewhere stands in the text of the review. */
      onLines: z.number().int(),
      /** Head of the pull request when the review was written. */
      headSha: z.string(),
    })
    .nullable(),
  /** What this review does not see, one sentence each. */
  notCovered: z.array(z.string()),
});
export type ReviewView = z.infer<typeof reviewViewSchema>;

export const runDetailSchema = z.strictObject({
  run: runSummarySchema,
  request: changeRequestSchema,
  steps: z.array(stepViewSchema),
  files: z.array(z.strictObject({ path: z.string(), content: z.string().nullable() })),
  plan: planSchema.nullable(),
  planText: z.string().nullable(),
  findings: z.array(findingSchema),
  decisions: z.array(decisionRefSchema),
  facts: factsSchema.nullable(),
  pullRequest: z
    .strictObject({
      number: z.number().int(),
      url: z.string(),
      branch: z.string(),
      evidenceSha: z.string().nullable(),
      mergeSha: z.string().nullable(),
    })
    .nullable(),
  approval: z
    .strictObject({
      subjectDigest: z.string(),
      subject: subjectSchema,
      tally: tallySchema,
      /** Whether the signed-in person may approve, and if not, why, in words. */
      you: z.strictObject({
        mayVote: z.boolean(),
        /** Who asked or wrote may not approve, and may reject all the same. */
        mayReject: z.boolean(),
        why: z.string().nullable(),
        /** Whether an approval of this person counts only with a passkey. */
        needsPresence: z.boolean(),
      }),
    })
    .nullable(),
  /** Those it holds or waits for. */
  locks: z.array(lockViewSchema),
  /** The freeze that holds this run's apply now; broken glass lifts it. */
  freeze: freezeSchema.nullable(),
  /** Every time the glass was broken for this run. */
  breakGlass: z.array(breakGlassSchema),
  /** Of a review run, once its files were judged; null for a change. */
  review: reviewViewSchema.nullable(),
  /** What was seen running, once verified: one sentence a workload, e.g. "3 pods running". */
  verified: z.array(z.string()),
  summary: z.string().nullable(),
});
export type RunDetail = z.infer<typeof runDetailSchema>;

/** One journal entry as shown in the log and sent over server-sent events; `position` is the Last-Event-ID. */
export const runEventSchema = z.strictObject({
  position: z.string(),
  run: z.string(),
  seq: z.number().int(),
  round: z.number().int(),
  step: z.string().nullable(),
  kind: z.string(),
  message: z.string(),
  /** Why, where the entry tells of a failure, a new round or an end: a stable error code. */
  code: z.string().nullable(),
  at: z.string(),
});
export type RunEvent = z.infer<typeof runEventSchema>;

export const sessionViewSchema = z.strictObject({
  person: z.strictObject({ id: z.string(), name: z.string(), login: z.string() }),
  /** As whom the person asks, and which of the pipelines that drives; report: nothing can be asked for. */
  persona: z.strictObject({ name: z.string(), strategy: z.enum(STRATEGIES) }),
  /** Sent back in the header `x-csrf-token` with every request that changes something. */
  csrfToken: z.string(),
});
export type SessionView = z.infer<typeof sessionViewSchema>;

export const targetViewSchema = z.strictObject({
  name: z.string(),
  environment: z.string(),
  repository: z.string(),
  path: z.string(),
  kind: z.enum(['manifests', 'terraform']),
  /** Of manifests; empty for Terraform. */
  namespaces: z.array(z.string()),
  quorum: z.number().int(),
});
export type TargetView = z.infer<typeof targetViewSchema>;

const base64url = z
  .string()
  .regex(/^[A-Za-z0-9_-]+$/, 'base64url')
  .max(4000);

/** A passkey's assertion as a page sends it: our side adds the key, the relying party and the origin. */
export const assertionSchema = z.strictObject({
  credentialId: base64url,
  authenticatorData: base64url,
  clientDataJson: base64url,
  signature: base64url,
});
export type Assertion = z.infer<typeof assertionSchema>;

const subjectDigest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** A vote names the digest that the page showed; another answers 409 SUBJECT_CHANGED. */
export const voteRequestSchema = z.strictObject({
  subjectDigest,
  decision: z.enum(['approve', 'reject']),
  reason: z.string().max(2000).default(''),
  /** Of an approval: an assertion whose challenge is the subject digest. */
  presence: assertionSchema.optional(),
});
export type VoteRequest = z.infer<typeof voteRequestSchema>;

const reasonSchema = z.string().trim().min(3, 'say why').max(2000);

export const freezeRequestSchema = z.strictObject({
  /** Null: every environment. */
  environment: z.string().max(63).nullable(),
  reason: reasonSchema,
  /** RFC 3339; null: now, and until it is lifted. */
  from: z.iso.datetime({ offset: true }).nullable().default(null),
  until: z.iso.datetime({ offset: true }).nullable().default(null),
});
export type FreezeRequest = z.input<typeof freezeRequestSchema>;
export const liftRequestSchema = z.strictObject({ reason: reasonSchema });
export const freezeListSchema = z.strictObject({
  freezes: z.array(freezeSchema),
  /** What runs now: every page says it. */
  brokenGlass: z.array(breakGlassSchema),
  /** Environments the signed-in person may freeze; `null` among them: all at once. */
  mayFreeze: z.array(z.string().nullable()),
});
export type FreezeList = z.infer<typeof freezeListSchema>;

export const breakGlassRequestSchema = z.strictObject({
  subjectDigest,
  reason: z.string().trim().min(10, 'say what is at stake').max(2000),
  minutes: z.number().int().min(1).max(60),
  presence: assertionSchema.optional(),
});
export type BreakGlassRequest = z.input<typeof breakGlassRequestSchema>;

export const passkeyViewSchema = z.strictObject({
  credentialId: z.string(),
  enrolledBy: z.enum(['operator', 'first-sign-in', 'passkey']),
  at: z.string(),
  /** Revoked, or no longer written by the operator. */
  counts: z.boolean(),
});
export const passkeyListSchema = z.strictObject({
  passkeys: z.array(passkeyViewSchema),
  /** How a new one would be enrolled: now, with one there is, or only by the operator's file. */
  nextBy: z.enum(['first-sign-in', 'passkey', 'operator']),
});
export type PasskeyList = z.infer<typeof passkeyListSchema>;

/** What the page hands to the browser to make a passkey. */
export const enrolmentSchema = z.strictObject({
  challenge: z.string(),
  rpId: z.string(),
  user: z.strictObject({ id: z.string(), name: z.string(), displayName: z.string() }),
  exclude: z.array(z.string()),
});
export type Enrolment = z.infer<typeof enrolmentSchema>;

export const enrolRequestSchema = z.strictObject({
  challenge: base64url,
  registration: z.strictObject({ credentialId: base64url, attestationObject: base64url, clientDataJson: base64url }),
  /** By a passkey there is, over the same challenge. */
  assertion: assertionSchema.optional(),
});
export type EnrolRequest = z.infer<typeof enrolRequestSchema>;

/** `entry` is what the operator writes into planwarden.yaml where the passkey was not enrolled. */
export const enrolledSchema = z.strictObject({
  enrolled: z.boolean(),
  entry: z.strictObject({ id: z.string(), publicKey: z.string() }),
});
export type Enrolled = z.infer<typeof enrolledSchema>;

/** What explain_decision answers: the recorded evaluation, with the rules' own words. */
export const explanationSchema = z.strictObject({
  decision: decisionSchema,
  rules: z.array(
    z.strictObject({
      id: z.string(),
      title: z.string(),
      description: z.string(),
      severity: z.string(),
      remedy: z.string(),
      fired: z.boolean(),
    }),
  ),
});
export type Explanation = z.infer<typeof explanationSchema>;
