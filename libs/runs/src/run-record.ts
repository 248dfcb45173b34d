import type { ErrorBody, Requester, RunEvent, RunState, WaitReason } from '@planwarden/contracts';
import type { Demand, NewRun, RunParent } from './run-event.js';

/** A run as its projection shows it. Times are RFC 3339, UTC. */
export interface RunRecord extends NewRun {
  readonly id: string;
  readonly requester: Requester;
  readonly pipeline: string;
  readonly state: RunState;
  readonly ended: boolean;
  readonly round: number;
  readonly step: string | null;
  readonly wait: { readonly reason: WaitReason; readonly message: string } | null;
  readonly outcome: ErrorBody | null;
  readonly cancel: Demand | null;
  readonly discard: Demand | null;
  readonly parent: RunParent | null;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface StepRecord {
  readonly round: number;
  readonly step: string;
  readonly state: 'running' | 'parked' | 'done' | 'failed';
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly message: string | null;
  readonly output: unknown;
}

export interface RunRow {
  id: string;
  pipeline: string;
  title: string;
  target: string;
  environment: string;
  persona: string;
  principal: string;
  on_behalf_of: string | null;
  request: unknown;
  state: RunState;
  ended: boolean;
  round: number;
  step: string | null;
  wait_reason: WaitReason | null;
  wait_message: string | null;
  outcome: ErrorBody | null;
  cancel: Demand | null;
  discard: Demand | null;
  parent: RunParent | null;
  created_at: Date;
  updated_at: Date;
}

export interface StepRow {
  round: number;
  step: string;
  state: StepRecord['state'];
  started_at: Date;
  finished_at: Date | null;
  message: string | null;
  output: unknown;
}

export interface EventRow {
  position: string;
  run: string;
  seq: number;
  round: number;
  step: string | null;
  kind: string;
  message: string;
  data: unknown;
  at: Date;
}

export function recordOf(row: RunRow): RunRecord {
  return {
    id: row.id,
    pipeline: row.pipeline,
    title: row.title,
    target: row.target,
    environment: row.environment,
    persona: row.persona,
    requester: { principal: row.principal, onBehalfOf: row.on_behalf_of },
    request: row.request,
    state: row.state,
    ended: row.ended,
    round: row.round,
    step: row.step,
    wait: row.wait_reason === null ? null : { reason: row.wait_reason, message: row.wait_message ?? '' },
    outcome: row.outcome,
    cancel: row.cancel,
    discard: row.discard,
    parent: row.parent,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export const stepOf = (row: StepRow): StepRecord => ({
  round: row.round,
  step: row.step,
  state: row.state,
  startedAt: row.started_at.toISOString(),
  finishedAt: row.finished_at?.toISOString() ?? null,
  message: row.message,
  output: row.output,
});

export function eventOf(row: EventRow): RunEvent {
  return {
    position: row.position,
    run: row.run,
    seq: row.seq,
    round: row.round,
    step: row.step,
    kind: row.kind,
    message: row.message,
    code: codeOf(row.data),
    at: row.at.toISOString(),
  };
}

/** The code of the error that an entry carries. */
function codeOf(data: unknown): string | null {
  if (typeof data !== 'object' || data === null || !('error' in data)) return null;
  const { error } = data;
  const carries = typeof error === 'object' && error !== null && 'code' in error;
  return carries && typeof error.code === 'string' ? error.code : null;
}
