import type { ErrorBody, RunState, WaitReason } from '@planwarden/contracts';
import type { Demand, RunEventEntry } from './run-event.js';

/** What the journal says about a run: every column of its row that follows from entries alone. */
export interface RunView {
  readonly state: RunState;
  readonly ended: boolean;
  readonly round: number;
  readonly step: string | null;
  readonly waitReason: WaitReason | null;
  readonly waitMessage: string | null;
  readonly outcome: ErrorBody | null;
  readonly attempts: number;
  readonly cancel: Demand | null;
  readonly discard: Demand | null;
}

/** What one entry makes of a step's row. `started` inserts it, or begins it again. */
export interface StepChange {
  readonly round: number;
  readonly step: string;
  readonly state: 'running' | 'parked' | 'done' | 'failed';
  readonly message: string | null;
  /** Only where `state` is `done`. */
  readonly output?: unknown;
}

export interface EffectChange {
  readonly step: string;
  readonly name: string;
  readonly key: string;
  readonly state: 'intent' | 'done';
  readonly result?: unknown;
}

/** One entry in its place, with what follows from it. */
export interface Projected {
  readonly view: RunView;
  /** Round and step under which the entry is filed. */
  readonly round: number;
  readonly step: string | null;
  readonly stepChange?: StepChange;
  readonly effectChange?: EffectChange;
}

/** A run before its first entry. */
export const NEW_RUN: RunView = {
  state: 'pending',
  ended: false,
  round: 1,
  step: null,
  waitReason: null,
  waitMessage: null,
  outcome: null,
  attempts: 0,
  cancel: null,
  discard: null,
};

/** Everything that follows from one entry: the only such function; the hot path and the rebuild both go through it. */
export function project(before: RunView, entry: RunEventEntry): Projected {
  const { round, step, state } = before;
  switch (entry.kind) {
    case 'run:started':
    case 'note':
      return { round, step, view: before };
    case 'step:started':
      return withStep(before, moved(before, { state: entry.data.state, step }), 'running', null);
    case 'step:done': {
      const { next, state: to, output } = entry.data;
      const view = moved(before, { state: to ?? state, step: next ?? step, attempts: 0 });
      return withStep(before, view, 'done', entry.message, output);
    }
    case 'step:failed':
      return withStep(before, before, 'failed', entry.message);
    case 'run:parked': {
      const { reason, attempts } = entry.data;
      const view = { ...before, waitReason: reason, waitMessage: entry.message, attempts };
      return withStep(before, view, 'parked', entry.message);
    }
    case 'run:back':
      return { round, step, view: moved(before, { state, step: entry.data.to, attempts: 0 }) };
    case 'run:round': {
      const view = moved(before, { state, step: entry.data.to, attempts: 0 });
      return { round: round + 1, step, view: { ...view, round: round + 1 } };
    }
    case 'run:cancel-requested':
      return { round, step, view: { ...before, cancel: before.cancel ?? entry.data } };
    case 'run:discard-requested':
      return { round, step, view: { ...before, discard: before.discard ?? entry.data } };
    case 'run:ended': {
      const view = moved(before, { state: entry.data.state, step });
      return { round, step, view: { ...view, ended: true, outcome: entry.data.error } };
    }
    case 'effect:intent':
      return withEffect(before, entry.data.name, entry.data.key, 'intent');
    case 'effect:done':
      return withEffect(before, entry.data.name, entry.data.key, 'done', entry.data.result);
  }
}

/** Goes on, so it waits no more. Written out: copies are made twice a step, and a spread costs several times as much. */
function moved(
  before: RunView,
  to: { readonly state: RunState; readonly step: string | null; readonly attempts?: number },
): RunView {
  return {
    state: to.state,
    ended: before.ended,
    round: before.round,
    step: to.step,
    waitReason: null,
    waitMessage: null,
    outcome: before.outcome,
    attempts: to.attempts ?? before.attempts,
    cancel: before.cancel,
    discard: before.discard,
  };
}

function withStep(
  { round, step }: RunView,
  view: RunView,
  state: StepChange['state'],
  message: string | null,
  output?: unknown,
): Projected {
  if (step === null) return { round, step, view };
  const stepChange = state === 'done' ? { round, step, state, message, output } : { round, step, state, message };
  return { round, step, view, stepChange };
}

function withEffect(
  before: RunView,
  name: string,
  key: string,
  state: EffectChange['state'],
  result?: unknown,
): Projected {
  const { round, step } = before;
  const change = { step: step ?? '', name, key, state };
  return { round, step, view: before, effectChange: state === 'done' ? { ...change, result } : change };
}
