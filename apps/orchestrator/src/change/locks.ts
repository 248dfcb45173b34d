import type { LockView, Target } from '@planwarden/contracts';
import type { StepContext, StepOutcome } from '@planwarden/runs';
import type { ChangeServices } from './change.services.js';

/**
 * A run holds one lock: of its stack from the plan on, of what lies below its target's path (GitOps) from confirm to the
 * end of verify. Who waits stands in a queue and is woken; this is only how often it looks by itself.
 */
const LOOK_MS = 5000;

/** Name of the lock that a change of this target needs. */
export const lockOf = (target: Target): string =>
  target.kind === 'terraform'
    ? `terraform:${target.stack}`
    : `gitops:${target.repository.owner}/${target.repository.name}:${target.path}`;

/** Takes the lock of the target. @returns the wait, where another run is before this one */
export async function takeLockOf(
  services: ChangeServices,
  context: StepContext,
  target: Target,
): Promise<StepOutcome | undefined> {
  const { principal } = context.run.requester;
  const agent = services.config.agents().find(({ id }) => `agent:${id}` === principal);
  if (await context.takeLock(lockOf(target), { mostOfRequester: agent?.limits.locks })) return undefined;
  return { kind: 'wait', reason: 'lock', message: await whoIsBefore(services, context.run.id, target), forMs: LOOK_MS };
}

async function whoIsBefore(services: ChangeServices, run: string, target: Target): Promise<string> {
  const name = lockOf(target);
  const seen = (await services.locks.list(run)).find((lock) => lock.name === name);
  if (seen !== undefined) await remind(services, seen, target);
  if (seen === undefined) return `the lock ${name} is being handed on`;
  const ahead = seen.queue.findIndex((one) => one.run === run);
  const before = ahead > 0 ? `; ${ahead} ${ahead === 1 ? 'run waits' : 'runs wait'} before this one` : '';
  if (seen.kept !== null) {
    return `${seen.holder} keeps the lock ${name} since its apply failed, until a person has looked and releases it${before}`;
  }
  return `${seen.holder} holds the lock ${name} since ${seen.since}${before}`;
}

/** A run that awaits approval looks up seldom: whoever waits tells it that its time with the lock is over. */
async function remind({ runs, fresh }: ChangeServices, { holder, since, kept }: LockView, target: Target) {
  if (kept !== null || target.kind !== 'terraform') return;
  const age = (await fresh(target.name).now()).getTime() - Date.parse(since);
  if (age < target.limits.holdForSeconds * 1000) return;
  if ((await runs.get(holder)).state === 'awaiting_approval') await runs.wake(holder);
}

/**
 * While a stack waits for approval its lock is handed on to whoever waits, once the target's time is over. A plan made
 * beside another would be stale: who lost the lock begins a new round.
 */
export async function handedOn(context: StepContext, target: Target): Promise<StepOutcome | undefined> {
  if (target.kind !== 'terraform') return undefined;
  const { holdForSeconds } = target.limits;
  const next = await context.handOnLock(lockOf(target), holdForSeconds);
  return next === null ? undefined : lostLock(`the lock of stack ${target.stack} went to ${next}, which waited for it`);
}

/** @param message who has the lock, and why */
export const lostLock = (message: string): StepOutcome => ({
  kind: 'new-round',
  error: {
    code: 'LOCK_HANDED_ON',
    message,
    remedy: 'The run waits for its turn and plans again; votes on the old plan no longer count.',
  },
});
