/**
 * The closed lists of Planwarden: every word that crosses a boundary and has a fixed set of values.
 * A new value is a change of contract: tests pin these lists as literals.
 */

/** States of a run (spec 003, "States of a run"). A wait is not a state. */
export const RUN_STATES = [
  'pending',
  'validating',
  'planning',
  'policy_checking',
  'awaiting_approval',
  'confirmed',
  'applying',
  'merging',
  'verifying',
  'publishing',
  'applied',
  'reviewed',
  'policy_failed',
  'discarded',
  'canceled',
  'expired',
  'superseded',
  'errored',
  'apply_failed',
  'verify_failed',
] as const;
export type RunState = (typeof RUN_STATES)[number];

/** States in which a run has ended; an ended run never changes. */
export const END_STATES = [
  'applied',
  'reviewed',
  'policy_failed',
  'discarded',
  'canceled',
  'expired',
  'superseded',
  'errored',
  'apply_failed',
  'verify_failed',
] as const satisfies readonly RunState[];
export type EndState = (typeof END_STATES)[number];

/** Why a run is parked (spec 003: "A wait has a reason and is not a state"). */
export const WAIT_REASONS = [
  'approval',
  'lock',
  'freeze',
  'outside_down',
  'applied_unmerged',
  'in_doubt',
  'workflow',
  'sync',
  'rollout',
  'pipeline_changed',
] as const;
export type WaitReason = (typeof WAIT_REASONS)[number];

/** Steps of the `change` pipeline in the order of the road. */
export const CHANGE_STEPS = [
  'gather-context',
  'generate',
  'validate',
  'check-source',
  'open-pull-request',
  'plan',
  'check-plan',
  'publish-evidence',
  'await-approval',
  'confirm',
  'apply',
  'merge',
  'verify',
  'record-graph',
  'summarise',
] as const;
export type ChangeStep = (typeof CHANGE_STEPS)[number];

/** Steps of the `review` pipeline in the order of the road. */
export const REVIEW_STEPS = [
  'read-files',
  'validate',
  'gather-context',
  'check-source',
  'publish-review',
  'summarise',
] as const;
export type ReviewStep = (typeof REVIEW_STEPS)[number];

/** A step of either road. */
export const RUN_STEPS = [...CHANGE_STEPS, 'read-files', 'publish-review'] as const;
export type RunStep = (typeof RUN_STEPS)[number];

/** What a review says of a pull request on GitHub. Approving is not among them. */
export const REVIEW_EVENTS = ['COMMENT', 'REQUEST_CHANGES'] as const;
export type ReviewEvent = (typeof REVIEW_EVENTS)[number];

/** The six policy phases (spec 003). */
export const POLICY_PHASES = ['intake', 'source', 'plan', 'call', 'approval', 'verify'] as const;
export type PolicyPhase = (typeof POLICY_PHASES)[number];

/** Severity of a finding; `critical`, `high` and `medium` deny, `low` warns. */
export const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Assurance of a vote, from least to most. `account` and `session` are equal; `presence` is above both. */
export const ASSURANCES = ['account', 'session', 'presence'] as const;
export type Assurance = (typeof ASSURANCES)[number];

/** Roads on which a vote may arrive. */
export const VOTE_ROADS = ['pull_request_review', 'pull_request_comment', 'deployment_review', 'web'] as const;
export type VoteRoad = (typeof VOTE_ROADS)[number];

/** Strategies: which pipeline a persona drives. */
export const STRATEGIES = ['change', 'review', 'report'] as const;
export type Strategy = (typeof STRATEGIES)[number];

/** Personas shipped with Planwarden. */
export const PERSONAS = ['devops', 'security', 'sre'] as const;
export type PersonaName = (typeof PERSONAS)[number];

/** Roles: the right to vote, per environment. */
export const ROLES = ['approver', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** How an approved change takes effect: merged and synced, written to the cluster, or applied by Terraform. */
export const DELIVERIES = ['gitops', 'direct', 'apply'] as const;
export type Delivery = (typeof DELIVERIES)[number];

/** MCP tools, in the order agents meet them. */
export const TOOL_NAMES = [
  'search_infrastructure',
  'get_resource',
  'get_blast_radius',
  'list_templates',
  'describe_template',
  'propose_change',
  'check_policy',
  'get_run',
  'list_runs',
  'get_run_log',
  'list_pending_approvals',
  'explain_decision',
  'cancel_run',
  'retry_run',
  'rollback_run',
] as const;
export type ToolName = (typeof TOOL_NAMES)[number];
