import { PlanwardenError } from '@planwarden/contracts';

/** Most that one requester's runs may be and hold, over all targets. */
export interface RequesterLimits {
  readonly openRuns: number;
  readonly runsAnHour: number;
  /** Locks held at once, those that failed applies have kept included. */
  readonly locks: number;
}

export interface RunLimits {
  /** Most runs of the target that may be open at once. */
  readonly openRuns: number;
  /** Of the token that asks; absent for a person. */
  readonly requester?: RequesterLimits | undefined;
}

/** What refuses one more run: the names under which BEGIN_RUNS tells it. */
export type ReachedLimit = 'target' | 'limits.openRuns' | 'limits.runsAnHour' | 'limits.locks';

/** RUN_LIMIT_REACHED, naming the limit. */
export function limitReached(
  field: ReachedLimit,
  { target, requester }: { readonly target: string; readonly requester: { readonly principal: string } },
  limits: RunLimits,
): PlanwardenError {
  const who = requester.principal;
  const most = limits.requester;
  const message = {
    target: `the target ${target} already has ${limits.openRuns} open runs`,
    'limits.openRuns': `${who} already has ${most?.openRuns} open runs`,
    'limits.runsAnHour': `${who} has begun ${most?.runsAnHour} runs within an hour`,
    'limits.locks': `the runs of ${who} hold ${most?.locks} locks already`,
  }[field];
  const remedy =
    field === 'limits.runsAnHour'
      ? 'Wait; the limit stands in planwarden.yaml.'
      : 'Wait for one to end, or cancel one with cancel_run.';
  return new PlanwardenError('RUN_LIMIT_REACHED', message, { where: { field }, remedy });
}
