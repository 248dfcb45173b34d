import { done, type Step } from '@planwarden/runs';
import { evidenceRecord, pullRequestRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { currentTally } from '../confirm-ports.js';

/** Milliseconds between two looks when no webhook, vote or click wakes the run: what a lost bell costs. */
export const POLL_MS = 15_000;

/** Parks until there is something to confirm: enough votes, a reject, or a fact that moved. It decides nothing itself. */
export function awaitApprovalStep(services: ChangeServices): Step {
  return {
    name: 'await-approval',
    state: 'awaiting_approval',
    effects: [],
    execute: async (context) => {
      const { run } = context;
      const target = services.config.target(run.target);
      const { number } = await context.output('open-pull-request', pullRequestRecord);
      const evidence = await context.output('publish-evidence', evidenceRecord);
      const pull = await services.sourceControl(target).pullRequest(number);
      const now = await services.fresh(run.target).now();
      if (run.discard) return done(`discarded by ${run.discard.by}`);
      if (pull.state !== 'open' || pull.headSha !== evidence.evidenceSha) return done('the pull request moved');
      if (now >= new Date(evidence.expiresAt)) return done('the subject has expired');
      const tally = await currentTally(services, run, context.output);
      if (tally.reached && tally.rejects.length === 0) return done('the votes are there');
      return { kind: 'wait', reason: 'approval', message: tally.missing.join('; '), forMs: POLL_MS };
    },
  };
}
