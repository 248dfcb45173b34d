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

const NO_WAIT = { waitReason: null, waitMessage: null } as const;

/** Everything that follows from one entry: the only such function; the hot path and the rebuild both go through it. */
export function project(before: RunView, entry: RunEventEntry): Projected {
  const { round, step } = before;
  const at = { round, step };
  const same: Projected = { ...at, view: before };
  switch (entry.kind) {
    case 'run:started':
    case 'note':
      return same;
    case 'step:started':
      return withStep(same, { ...before, ...NO_WAIT, state: entry.data.state }, 'running', null);
    case 'step:done': {
      const { next, state, output } = entry.data;
      const view = { ...before, ...NO_WAIT, step: next ?? step, state: state ?? before.state, attempts: 0 };
      return withStep(same, view, 'done', entry.message, output);
    }
    case 'step:failed':
      return withStep(same, before, 'failed', entry.message);
    case 'run:parked': {
      const { reason, attempts } = entry.data;
      const view = { ...before, waitReason: reason, waitMessage: entry.message, attempts };
      return withStep(same, view, 'parked', entry.message);
    }
    case 'run:back':
      return { ...at, view: { ...before, ...NO_WAIT, step: entry.data.to, attempts: 0 } };
    case 'run:round': {
      const view = { ...before, ...NO_WAIT, step: entry.data.to, round: round + 1, attempts: 0 };
      return { round: round + 1, step, view };
    }
    case 'run:cancel-requested':
      return { ...at, view: { ...before, cancel: before.cancel ?? entry.data } };
    case 'run:discard-requested':
      return { ...at, view: { ...before, discard: before.discard ?? entry.data } };
    case 'run:ended':
      return {
        ...at,
        view: { ...before, ...NO_WAIT, state: entry.data.state, ended: true, outcome: entry.data.error },
      };
    case 'effect:intent':
      return withEffect(same, entry.data.name, entry.data.key, 'intent');
    case 'effect:done':
      return withEffect(same, entry.data.name, entry.data.key, 'done', entry.data.result);
  }
}

function withStep(
  at: Projected,
  view: RunView,
  state: StepChange['state'],
  message: string | null,
  output?: unknown,
): Projected {
  if (at.step === null) return { ...at, view };
  const change = { round: at.round, step: at.step, state, message };
  return { ...at, view, stepChange: state === 'done' ? { ...change, output } : change };
}

function withEffect(
  at: Projected,
  name: string,
  key: string,
  state: EffectChange['state'],
  result?: unknown,
): Projected {
  const change = { step: at.step ?? '', name, key, state };
  return { ...at, effectChange: state === 'done' ? { ...change, result } : change };
}
