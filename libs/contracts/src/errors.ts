import { z } from 'zod';

/** Who can mend it: the caller, the operator, or a bug of ours. */
export const ERROR_CLASSES = ['caller', 'operator', 'internal'] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/**
 * Every error code a user can meet, with who can mend it. Condition first. A code is never reused for another meaning.
 */
export const ERROR_CODES = {
  // what a caller sent
  INPUT_INVALID: 'caller',
  BODY_TOO_LARGE: 'caller',
  TEMPLATE_UNKNOWN: 'caller',
  TARGET_UNKNOWN: 'caller',
  RUN_UNKNOWN: 'caller',
  RESOURCE_UNKNOWN: 'caller',
  DECISION_UNKNOWN: 'caller',
  ROUTE_UNKNOWN: 'caller',
  PERSONA_OUT_OF_SCOPE: 'caller',
  TARGET_OUT_OF_SCOPE: 'caller',
  TOOL_OUT_OF_SCOPE: 'caller',
  RISK_CEILING_EXCEEDED: 'caller',
  PATH_OUTSIDE_TARGET: 'caller',
  MANIFEST_INVALID: 'caller',
  MANIFEST_KIND_REFUSED: 'caller',
  TERRAFORM_INVALID: 'caller',
  TERRAFORM_REFUSED: 'caller',
  SECRET_IN_TEXT: 'caller',
  POLICY_DENIED: 'caller',
  NOT_SUPPORTED: 'caller',
  RUN_ENDED: 'caller',
  RUN_NOT_ENDED: 'caller',
  RETRY_REFUSED: 'caller',
  ROLLBACK_REFUSED: 'caller',
  RUN_LIMIT_REACHED: 'caller',
  LOCK_HANDED_ON: 'caller',
  LOCK_NOT_KEPT: 'caller',
  FILES_UNCHANGED: 'caller',
  STRATEGY_DIFFERS: 'caller',
  PULL_REQUEST_UNKNOWN: 'caller',
  COMMIT_NOT_IN_PULL_REQUEST: 'caller',
  // who is asking
  TOKEN_MISSING: 'caller',
  TOKEN_INVALID: 'caller',
  SESSION_MISSING: 'caller',
  CSRF_INVALID: 'caller',
  HOST_REFUSED: 'caller',
  ORIGIN_REFUSED: 'caller',
  AUDIENCE_REFUSED: 'caller',
  SIGN_IN_LINK_INVALID: 'caller',
  SIGNATURE_INVALID: 'caller',
  RATE_LIMITED: 'caller',
  // the gate
  SUBJECT_CHANGED: 'caller',
  NOT_AWAITING_APPROVAL: 'caller',
  VOTES_BELOW_QUORUM: 'caller',
  VOTE_REJECTED: 'caller',
  VOTER_UNKNOWN: 'caller',
  VOTER_IS_REQUESTER: 'caller',
  VOTER_IS_AGENT: 'caller',
  VOTER_IS_BOT: 'caller',
  VOTER_IS_AUTHOR: 'caller',
  VOTER_LACKS_ROLE: 'caller',
  AUTHOR_UNKNOWN: 'caller',
  VOTE_ON_OTHER_COMMIT: 'caller',
  VOTE_ON_EARLIER_ROUND: 'caller',
  ASSURANCE_TOO_LOW: 'caller',
  VOTE_ORDER_UNKNOWN: 'caller',
  VOTE_EDITED: 'caller',
  VOTE_MALFORMED: 'caller',
  PRESENCE_INVALID: 'caller',
  PRESENCE_REPLAYED: 'caller',
  PASSKEY_UNKNOWN: 'caller',
  PASSKEY_TOO_NEW: 'caller',
  PASSKEY_REFUSED: 'caller',
  FREEZE: 'caller',
  FREEZE_UNKNOWN: 'caller',
  ROLE_MISSING: 'caller',
  BREAK_GLASS_OVER: 'caller',
  APPROVAL_FORGED: 'internal',
  APPROVAL_EXPIRED: 'internal',
  APPROVAL_FENCE_PASSED: 'internal',
  APPROVAL_SPENT: 'internal',
  // what confirm finds different
  HEAD_MOVED: 'caller',
  BASE_MOVED: 'caller',
  TREE_DIFFERS: 'caller',
  EVIDENCE_DIFFERS: 'caller',
  PLAN_STALE: 'caller',
  PLAN_UNAVAILABLE: 'operator',
  PLAN_FILE_DIFFERS: 'operator',
  LIVE_CHANGED: 'caller',
  POLICY_CHANGED: 'operator',
  FACTS_CHANGED: 'caller',
  QUORUM_RAISED: 'operator',
  STATE_CHANGED: 'caller',
  LOCK_FILE_CHANGED: 'caller',
  TOOLS_CHANGED: 'operator',
  PEOPLE_CHANGED: 'operator',
  TARGET_CHANGED: 'operator',
  PR_TEXT_EDITED: 'caller',
  SUBJECT_EXPIRED: 'caller',
  MERGE_BLOCKED: 'operator',
  UNPROTECTED: 'operator',
  MERGE_REFUSED: 'operator',
  MERGED_TREE_DIFFERS: 'operator',
  PR_CLOSED: 'caller',
  PR_MERGED_BY_OTHERS: 'caller',
  ROUNDS_EXHAUSTED: 'caller',
  // outside
  OUTSIDE_UNAVAILABLE: 'operator',
  OUTSIDE_REFUSED: 'operator',
  OUTSIDE_ANSWER_INVALID: 'operator',
  PUSHED_FILES_DIFFER: 'operator',
  MCP_TOOL_NOT_ALLOWED: 'internal',
  MCP_ARGUMENTS_INVALID: 'internal',
  MCP_SCHEMA_CHANGED: 'operator',
  MCP_TOOL_FAILED: 'operator',
  EFFECT_DOUBLE: 'operator',
  EFFECT_IN_DOUBT: 'operator',
  VERIFY_NO_OBJECT: 'operator',
  VERIFY_NO_PODS: 'operator',
  VERIFY_COUNTS_DIFFER: 'operator',
  VERIFY_IMAGE_DIFFERS: 'operator',
  VERIFY_TIMED_OUT: 'operator',
  TERRAFORM_FAILED: 'operator',
  STATE_LOCKED: 'operator',
  WORKFLOWS_DIFFER: 'operator',
  WORKFLOW_NOT_STARTED: 'operator',
  WORKFLOW_FAILED: 'operator',
  START_REFUSED: 'operator',
  DUPLICATE_START: 'operator',
  // the installation
  CONFIG_INVALID: 'operator',
  READ_ONLY: 'operator',
  POLICY_UNAVAILABLE: 'operator',
  DATABASE_UNAVAILABLE: 'operator',
  DATA_FOLDER_LOCKED: 'operator',
  PORT_IN_USE: 'operator',
  NODE_TOO_OLD: 'operator',
  PIPELINE_CHANGED: 'operator',
  STEP_TIMED_OUT: 'operator',
  OUTPUT_REFUSED: 'internal',
  LEASE_LOST: 'internal',
  INTERNAL: 'internal',
} as const satisfies Record<string, ErrorClass>;
export type ErrorCode = keyof typeof ERROR_CODES;

/** How a failure is to be treated by the run engine. An unknown failure is `final`. */
export type FailureKind = 'retryable' | 'needs_human' | 'final';

/** Where an error sits: a field of a request (JSON pointer or dotted), a place in a file, or a rule. */
export const errorWhereSchema = z.object({
  field: z.string().optional(),
  file: z.string().optional(),
  line: z.number().int().optional(),
  column: z.number().int().optional(),
  rule: z.string().optional(),
});
export type ErrorWhere = z.infer<typeof errorWhereSchema>;

/** An error as users see it: MCP structured results, REST bodies and the CLI all carry this shape. */
export const errorBodySchema = z.object({
  code: z.string(),
  message: z.string(),
  where: errorWhereSchema.optional(),
  remedy: z.string(),
  run: z.string().optional(),
  details: z.array(z.object({ code: z.string(), message: z.string(), where: errorWhereSchema.optional() })).optional(),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;

export interface PlanwardenErrorOptions {
  readonly where?: ErrorWhere;
  /** What to do next, in one sentence. */
  readonly remedy: string;
  readonly failure?: FailureKind;
  /** Several problems found at once (all bad fields of a form, all bad lines of a file). */
  readonly details?: ErrorBody['details'];
  readonly cause?: unknown;
}

/** The one error class that reaches users. `message` holds only words we wrote, never an outside text. */
export class PlanwardenError extends Error {
  override readonly name = 'PlanwardenError';
  readonly code: ErrorCode;
  readonly where: ErrorWhere | undefined;
  readonly remedy: string;
  readonly failure: FailureKind;
  readonly details: ErrorBody['details'];

  constructor(code: ErrorCode, message: string, options: PlanwardenErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.where = options.where;
    this.remedy = options.remedy;
    this.failure = options.failure ?? 'final';
    this.details = options.details;
  }

  get errorClass(): ErrorClass {
    return ERROR_CODES[this.code];
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.where ? { where: this.where } : {}),
      remedy: this.remedy,
      ...(this.details ? { details: this.details } : {}),
    };
  }
}

/** True for our own error, also across module instances. */
export function isPlanwardenError(error: unknown): error is PlanwardenError {
  return error instanceof Error && error.name === 'PlanwardenError' && 'code' in error && 'remedy' in error;
}
