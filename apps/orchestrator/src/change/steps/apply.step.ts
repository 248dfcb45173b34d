import { type Approval, assertFresh } from '@planwarden/approvals';
import { isPlanwardenError, PlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import { done, type Step, type StepContext, type StepOutcome } from '@planwarden/runs';
import { applyRecord, planRecord, pullRequestRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { lockOf } from '../locks.js';
import { terraformPlan } from '../of-kind.js';
import {
  finishInActions,
  START_APPLY,
  startApplyEffect,
  startInActions,
} from '../terraform/actions/apply-in-actions.js';
import { findApply } from '../terraform/find-apply.js';
import { stackFilesAt } from '../terraform/stack-files.js';
import { applyKey } from '../terraform/was-applied.js';
import { APPROVAL, BACK_TO_CONFIRM } from './confirm.step.js';

/** Terraform: applies exactly the saved plan, once. GitOps: the merge is the apply, so there is nothing to do here. */
export function applyStep(services: ChangeServices): Step {
  return {
    name: 'apply',
    state: 'applying',
    reentersAt: 'confirm',
    staysAfter: START_APPLY,
    failsAs: 'apply_failed',
    // A real apply may take hours; what has begun is not cut off before.
    deadlineMs: 6 * 60 * 60_000,
    effects: [
      startApplyEffect(services),
      {
        name: 'apply',
        kind: 'once',
        key: applyKey,
        race: {
          key: 'saved plan of the round: lineage and serial of its state',
          guard: 'Terraform\'s state lock, then "Saved plan is stale" for the later one',
          asks: 'the state, with its lock in hand: the one that was planned on, or another on which the same files plan no change',
          leaves: 'one apply; in doubt the run ends `EFFECT_IN_DOUBT` and keeps its lock',
        },
        reconcile: async (context) => {
          const target = services.config.target(context.run.target);
          // In GitHub Actions this effect only reads what the workflow did.
          if (target.kind !== 'terraform' || target.terraform.runner === 'actions') return { found: 'absent' };
          const { plan } = await context.output('plan', planRecord);
          const { codeSha } = await context.output('open-pull-request', pullRequestRecord);
          return findApply(services, target, terraformPlan(plan), codeSha, context.signal);
        },
      },
    ],
    execute: async (context) => {
      const target = services.config.target(context.run.target);
      if (target.kind === 'terraform') return applyPlan(services, context, target);
      if (target.delivery === 'gitops') return done('GitOps: merging is applying');
      throw new PlanwardenError('NOT_SUPPORTED', `delivery ${target.delivery} is not supported yet`, {
        where: { field: 'delivery' },
        remedy: 'Use a target with delivery gitops.',
      });
    },
  };
}

async function applyPlan(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
): Promise<StepOutcome> {
  const { run, fence } = context;
  const plan = terraformPlan((await context.output('plan', planRecord)).plan);
  const { codeSha } = await context.output('open-pull-request', pullRequestRecord);
  const approval = context.carry.get(APPROVAL) as Approval | undefined;
  if (target.terraform.runner === 'actions') {
    const back = await backWhereStale(() => startInActions(services, context, target, plan, approval));
    return back ?? finishInActions(services, context, target, plan);
  }
  const isKnown = (await services.runs.effect(run.id, 'apply', 'apply', applyKey(run))) === 'done';
  if (approval === undefined && !isKnown) {
    return { kind: 'back', step: 'confirm', message: 'there is no approval in hand: confirm again' };
  }
  // From here the state may have been touched: the lock is nobody else's until that is known to be well.
  if (!isKnown) await context.pinLock(lockOf(target));
  return backWhereStale(async () => {
    const state = await context.effect('apply', applyRecord, async () => {
      const planFile = await services.terraform.vault.open(run.id, run.round);
      if (planFile === null || approval === undefined) throw stale();
      const files = await stackFilesAt(services.sourceControl(target), target, codeSha);
      await assertFresh(approval, fence, services.fresh(run.target), 'apply');
      const runner = services.terraform.runner(target);
      const applied = await runner.apply({
        stack: target.stack,
        files,
        planFile,
        approved: plan,
        signal: context.signal,
      });
      return { lineage: applied.lineage, serial: applied.serial };
    });
    await services.terraform.vault.forget(run.id);
    return done(`applied exactly plan ${plan.digest.slice(0, 19)}; state serial ${state.serial}`, state);
  });
}

/**
 * What only says that the Approval in hand is no longer good sends the road back to confirm; so does a locked state: there
 * it is waited for, without a new look at everything each time.
 */
async function backWhereStale<T>(act: () => Promise<T>): Promise<T | StepOutcome> {
  try {
    return await act();
  } catch (error) {
    if (!isPlanwardenError(error) || ![...BACK_TO_CONFIRM, 'STATE_LOCKED'].includes(error.code)) throw error;
    return { kind: 'back', step: 'confirm', message: error.message };
  }
}

const stale = (): PlanwardenError =>
  new PlanwardenError('PLAN_STALE', 'the saved plan is no longer kept', {
    remedy: 'The run plans again; votes on the old plan no longer count.',
  });
