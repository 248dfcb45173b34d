import { done, type Step } from '@planwarden/runs';
import {
  checkPlanRecord,
  confirmRecord,
  mergeRecord,
  planRecord,
  pullRequestRecord,
  summaryRecord,
  verifyRecord,
} from '../change.records.js';
import type { ChangeServices } from '../change.services.js';

/** What happened, for people and for the agent that asked: from the journal alone. */
export function summariseStep(_services: ChangeServices): Step {
  return {
    name: 'summarise',
    state: 'verifying',
    failsAs: 'verify_failed',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const { plan } = await context.output('plan', planRecord);
      const pull = await context.output('open-pull-request', pullRequestRecord);
      const { decision } = await context.output('check-plan', checkPlanRecord);
      const { tally } = await context.output('confirm', confirmRecord);
      const { mergeSha } = await context.output('merge', mergeRecord);
      const { sentences } = await context.output('verify', verifyRecord);
      const approvers = tally?.approvals.map((vote) => vote.person ?? 'unknown').join(', ');
      const { create, update, delete: remove } = plan.summary;
      const text = [
        `Run ${run.id} changed target ${run.target} in round ${run.round}.`,
        `Asked for by ${run.requester.principal}${run.requester.onBehalfOf === null ? '' : ` for ${run.requester.onBehalfOf}`}.`,
        `Plan ${plan.digest}: ${create} created, ${update} updated, ${remove} deleted.`,
        `Policy decision ${decision.id}: allowed, ${decision.findings.length} warnings.`,
        approvers === undefined ? 'Approved in an earlier attempt of this round.' : `Approved by ${approvers}.`,
        `Merged as ${mergeSha} (${pull.url}).`,
        ...sentences,
      ].join('\n');
      return done('summary written', summaryRecord.parse({ text }));
    },
  };
}
