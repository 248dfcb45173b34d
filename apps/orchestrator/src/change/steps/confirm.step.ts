import { baseStop, type ConfirmOutcome, type ConfirmPorts, confirm } from '@planwarden/approvals';
import {
  type ErrorBody,
  type ErrorCode,
  isPlanwardenError,
  type Tally,
  type Target,
  type WaitReason,
} from '@planwarden/contracts';
import { done, type RunRecord, type Step, type StepContext, type StepOutcome } from '@planwarden/runs';
import { noteBrokenGlass } from '../broken-glass.js';
import { confirmRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { confirmPorts } from '../confirm-ports.js';
import { inDoubt, releaseBegan } from '../in-doubt.js';
import { handedOn, lockOf, lostLock, takeLockOf } from '../locks.js';
import { lookAgainIn } from '../look-again.js';
import { deniedBy, end } from '../outcomes.js';
import { CONFIRM_TELLING, tellConfirm } from '../tell-confirm.js';
import { startedBefore } from '../terraform/actions/apply-in-actions.js';

/** Under this name the Approval travels from confirm to merge, in memory only. */
export const APPROVAL = 'approval';

/** Milliseconds until a source that is down is asked again. */
const OUTSIDE_RETRY_MS = 15_000;

/** What only says that the Approval in hand is no longer good: confirm finds out what that means. */
export const BACK_TO_CONFIRM: readonly ErrorCode[] = [
  'APPROVAL_EXPIRED',
  'APPROVAL_FENCE_PASSED',
  'APPROVAL_SPENT',
  'SUBJECT_EXPIRED',
  'PEOPLE_CHANGED',
  'POLICY_CHANGED',
  'TARGET_CHANGED',
  'BREAK_GLASS_OVER',
  'FREEZE',
  'HEAD_MOVED',
  'BASE_MOVED',
  'PLAN_STALE',
  'PR_CLOSED',
  'PR_MERGED_BY_OTHERS',
];

/** Reads everything again, asks policy in phase approval, and makes the Approval. */
export function confirmStep(services: ChangeServices): Step {
  return {
    name: 'confirm',
    state: 'awaiting_approval',
    doneState: 'confirmed',
    effects: [],
    tells: [CONFIRM_TELLING],
    execute: async (context) => {
      const { run, fence } = context;
      context.carry.delete(APPROVAL);
      try {
        const target = services.config.target(run.target);
        const started =
          target.kind === 'terraform' && target.terraform.runner === 'actions'
            ? await startedBefore(services, context, target)
            : undefined;
        if (started) return started;
        const asked = { run: run.id, round: run.round, fence };
        const ports = confirmPorts(services, run, context.output);
        const found = await confirm(ports, asked);
        // After the reads: what was broken while they ran is told as well.
        await noteBrokenGlass(services, context);
        const wait = found.kind === 'approved' ? await lockBefore(services, context, target) : undefined;
        const outcome = wait === undefined ? await readUnderLock(ports, found, target) : found;
        const settled = wait ?? (await settle(services, context, outcome));
        await tellConfirm(services, context, outcome);
        return settled;
      } catch (error) {
        // What stopped the step, such as a cancel or the end of its lease, says nothing about what it asked for.
        if (isPlanwardenError(error) ? error.code === 'LEASE_LOST' : context.signal.aborted) throw error;
        const began = await releaseBegan(services, run);
        if (began === null) throw error;
        return inDoubt(services, context, { error, began });
      }
    },
  };
}

/** From here to the end of verify nobody else may change what lies below this path. A stack is locked since plan. */
async function lockBefore(services: ChangeServices, context: StepContext, target: Target) {
  const wait = await takeLockOf(services, context, target);
  if (wait) return target.kind === 'terraform' ? lostLock('another run has the lock of the stack now') : wait;
  return undefined;
}

/** Who had the lock of the path while confirm read may have merged after the base was read: it is read again. */
async function readUnderLock(
  ports: Pick<ConfirmPorts, 'base'>,
  found: ConfirmOutcome,
  target: Target,
): Promise<ConfirmOutcome> {
  if (found.kind !== 'approved' || target.kind !== 'manifests') return found;
  return (await baseStop(ports, found.approval.subject)) ?? found;
}

async function settle(services: ChangeServices, context: StepContext, outcome: ConfirmOutcome): Promise<StepOutcome> {
  switch (outcome.kind) {
    case 'approved': {
      context.carry.set(APPROVAL, outcome.approval);
      const { tally } = outcome;
      return done(confirmedWords(tally), confirmRecord.parse({ releasedSha: null, tally }));
    }
    case 'released':
      return done(
        'an earlier attempt of ours had merged exactly this commit',
        confirmRecord.parse({ releasedSha: outcome.mergeSha, tally: null }),
      );
    case 'keep-waiting': {
      // Where GitHub does not answer, nobody knows whether an earlier attempt merged: then nothing is let go.
      if (outcome.code === 'OUTSIDE_UNAVAILABLE') {
        return { kind: 'wait', reason: 'outside_down', message: outcome.message, forMs: OUTSIDE_RETRY_MS };
      }
      const lost = await letGo(services, context);
      if (lost) return lost;
      return {
        kind: 'wait',
        reason: WAITS[outcome.code] ?? 'approval',
        message: outcome.message,
        forMs: Math.min(await lookAgainIn(services, context.run), await thawsIn(services, context.run)),
      };
    }
    case 'unmerged':
      return {
        kind: 'wait',
        reason: 'applied_unmerged',
        message: outcome.message,
        forMs: await lookAgainIn(services, context.run),
      };
    case 'new-round':
      await letGoOfPath(services, context);
      return { kind: 'new-round', error: bodyOf(outcome) };
    case 'expired':
      return end('expired', outcome.code, outcome.message, 'Ask for the change again.');
    case 'superseded':
      return end(
        'superseded',
        outcome.code,
        outcome.by === null ? outcome.message : `${outcome.message} (${outcome.by})`,
        'Look at the pull request; ask for the change again if it is still wanted.',
      );
    case 'discarded':
      return end('discarded', 'VOTE_REJECTED', `discarded by ${outcome.by}`, 'Talk to them, then ask again.');
    case 'denied':
      return deniedBy(outcome.decision);
  }
}

/** Whoever only waits stands in nobody's way: the path is free again, the stack goes to others when it is time. */
async function letGo(services: ChangeServices, context: StepContext): Promise<StepOutcome | undefined> {
  await letGoOfPath(services, context);
  return handedOn(context, services.config.target(context.run.target));
}

async function letGoOfPath({ config }: ChangeServices, context: StepContext): Promise<void> {
  const target = config.target(context.run.target);
  if (target.kind === 'manifests') await context.giveLock(lockOf(target));
}

/** Milliseconds until the freeze that holds the run is over by itself; lifting one wakes what it held. */
async function thawsIn({ freezes, fresh }: ChangeServices, run: RunRecord): Promise<number> {
  const until = (await freezes.stopping(run.environment))?.until ?? null;
  if (until === null) return Number.POSITIVE_INFINITY;
  return Math.max(1000, Date.parse(until) - (await fresh(run.target).now()).getTime());
}

function confirmedWords({ approvals, quorum, selfApproved, breakGlass }: Tally): string {
  return [
    `everything was read again; ${approvals.length} of ${quorum} approvals count`,
    ...(selfApproved.length === 0 ? [] : [`self_approved by ${selfApproved.join(', ')}, with a passkey`]),
    ...(breakGlass === null ? [] : [`the glass was broken by ${breakGlass.by}: ${breakGlass.reason}`]),
  ].join('; ');
}

/** What a run waits for, where that is not a decision of people. */
const WAITS: Partial<Record<ErrorCode, WaitReason>> = { FREEZE: 'freeze' };

const bodyOf = ({ code, message, field }: Extract<ConfirmOutcome, { kind: 'new-round' }>): ErrorBody => ({
  code,
  message,
  ...(field === undefined ? {} : { where: { field } }),
  remedy: 'Votes on this round no longer count: look at the new round and vote again.',
});
