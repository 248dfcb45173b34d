import type { RunRecord } from '@planwarden/runs';
import type { ChangeServices } from './change.services.js';

/** How often a run that waits for people asks GitHub by itself, in milliseconds. */
export interface PollTimes {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Votes come by webhook, page or tool; this is only what a lost bell costs. */
export const POLL_TIMES: PollTimes = { firstMs: 60_000, longestMs: 900_000 };

/** Milliseconds until the next look after waiting so long: the age doubles from look to look. */
export function backOff(ageMs: number, { firstMs, longestMs }: PollTimes): number {
  return Math.min(longestMs, Math.max(firstMs, ageMs));
}

/** Milliseconds until a parked run looks at GitHub by itself, by how long this round waits for people already. */
export async function lookAgainIn(
  { poll, runs, fresh }: Pick<ChangeServices, 'poll' | 'runs' | 'fresh'>,
  run: RunRecord,
): Promise<number> {
  const waiting = (await runs.steps(run.id)).find((one) => one.round === run.round && one.step === 'await-approval');
  if (waiting === undefined) return poll.firstMs;
  const now = await fresh(run.target).now();
  return backOff(now.getTime() - Date.parse(waiting.startedAt), poll);
}
