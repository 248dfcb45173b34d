import { END_STATES, type EndState, RUN_STATES, type RunState } from '@planwarden/contracts';

/**
 * Every state of a run and where it may go from there: the only such map. `docs/run-states.md` is generated from it.
 * Going back to `validating` is a new round; back to `awaiting_approval` is the road entering again at confirm. A review
 * goes from `validating` over `publishing` to `reviewed`, and nowhere else.
 */
export const RUN_TRANSITIONS: Readonly<Record<RunState, readonly RunState[]>> = {
  pending: ['validating', 'canceled', 'errored'],
  validating: ['planning', 'publishing', 'policy_failed', 'canceled', 'superseded', 'errored'],
  planning: ['policy_checking', 'validating', 'policy_failed', 'canceled', 'superseded', 'errored'],
  policy_checking: ['awaiting_approval', 'validating', 'policy_failed', 'canceled', 'superseded', 'errored'],
  awaiting_approval: [
    'confirmed',
    'validating',
    'policy_failed',
    'discarded',
    'canceled',
    'expired',
    'superseded',
    'errored',
    'apply_failed',
  ],
  confirmed: ['applying', 'awaiting_approval', 'discarded', 'canceled', 'errored'],
  applying: ['merging', 'awaiting_approval', 'apply_failed'],
  merging: ['verifying', 'awaiting_approval', 'validating', 'superseded', 'errored', 'apply_failed'],
  verifying: ['applied', 'verify_failed'],
  publishing: ['reviewed', 'superseded', 'errored'],
  applied: [],
  reviewed: [],
  policy_failed: [],
  discarded: [],
  canceled: [],
  expired: [],
  superseded: [],
  errored: [],
  apply_failed: [],
  verify_failed: [],
};

/** States in which nothing was released yet, so that a cancel still means "nothing happened". */
export const CANCELABLE_STATES: readonly RunState[] = [
  'pending',
  'validating',
  'planning',
  'policy_checking',
  'awaiting_approval',
];

/**
 * States in which a cancel that was taken is heeded: in `confirmed` none is taken any more, and one that was taken while
 * confirm still read stops the run before anything is released.
 */
export const STOPPABLE_STATES: readonly RunState[] = [...CANCELABLE_STATES, 'confirmed'];

export const isEndState = (state: RunState): state is EndState => (END_STATES as readonly RunState[]).includes(state);

/**
 * Refuses a move that the map does not know: a bug of ours, never of a caller.
 * @throws Error naming both states
 */
export function assertTransition(from: RunState, to: RunState): void {
  if (from === to && !isEndState(from)) return;
  if (!RUN_TRANSITIONS[from].includes(to)) throw new Error(`a run cannot go from ${from} to ${to}`);
}

/** Mermaid text of the map, for docs/run-states.md. */
export function runStatesDiagram(): string {
  const lines = RUN_STATES.flatMap((from) =>
    RUN_TRANSITIONS[from].length === 0
      ? [`  ${from} --> [*]`]
      : RUN_TRANSITIONS[from].map((to) => `  ${from} --> ${to}`),
  );
  return ['stateDiagram-v2', '  [*] --> pending', ...lines].join('\n');
}
