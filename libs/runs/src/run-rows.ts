import type { ErrorBody, RunState, WaitReason } from '@planwarden/contracts';
import type { RunView } from './projection.js';
import type { Demand } from './run-event.js';

/** The columns of `runs` that follow from the journal's entries. */
export interface RunViewRow {
  state: RunState;
  ended: boolean;
  round: number;
  step: string | null;
  wait_reason: WaitReason | null;
  wait_message: string | null;
  outcome: ErrorBody | null;
  attempts: number;
  cancel: Demand | null;
  discard: Demand | null;
}

export function viewOf(row: RunViewRow): RunView {
  return {
    state: row.state,
    ended: row.ended,
    round: row.round,
    step: row.step,
    waitReason: row.wait_reason,
    waitMessage: row.wait_message,
    outcome: row.outcome,
    attempts: row.attempts,
    cancel: row.cancel,
    discard: row.discard,
  };
}
