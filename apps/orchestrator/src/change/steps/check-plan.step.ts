import { done, type Step } from '@planwarden/runs';
import { checkPlanRecord, planRecord, pullRequestRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { demandsOf } from '../demands.js';
import { factsOfPlan } from '../facts.js';
import { decisionRecordOf, judge } from '../judge.js';
import { deniedBy, end } from '../outcomes.js';
import { actorOf } from '../run-request.js';

/** Policy, phase plan, on the plan and on facts about exactly the objects it touches; sets the quorum. */
export function checkPlanStep(services: ChangeServices): Step {
  return {
    name: 'check-plan',
    state: 'policy_checking',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const target = services.config.target(run.target);
      const { plan } = await context.output('plan', planRecord);
      const { facts, factsDigest } = await factsOfPlan(services, target, plan);
      const decision = await judge(
        services,
        'plan',
        { actor: actorOf(services, run.requester, run.persona), target, plan, facts },
        { run: run.id, round: run.round, step: 'check-plan' },
      );
      if (!decision.allow) return deniedBy(decision);
      if (plan.kind === 'terraform-preview/1') {
        return end(
          'errored',
          'PLAN_UNAVAILABLE',
          `policy found nothing against the preview, but there is no plan: ${target.kind === 'terraform' ? target.terraform.binary : 'the binary'} is not on this machine`,
          'Install it where PATH finds it, start again, and ask for the change again.',
        );
      }
      const { quorum } = target;
      const demands = await demandsOf(services, target, await context.output('open-pull-request', pullRequestRecord));
      return done(
        `policy found nothing against the plan; ${quorum} ${quorum === 1 ? 'approval is' : 'approvals are'} needed`,
        checkPlanRecord.parse({
          decision: decisionRecordOf(decision),
          quorum,
          demands,
          snapshotId: facts.snapshot,
          factsDigest,
        }),
      );
    },
  };
}
