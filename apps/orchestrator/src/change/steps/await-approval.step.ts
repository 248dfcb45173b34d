import { freezeWords, parseSubject } from '@planwarden/approvals';
import type { Tally } from '@planwarden/contracts';
import { done, type Step, type StepContext } from '@planwarden/runs';
import { noteBrokenGlass } from '../broken-glass.js';
import { evidenceRecord, pullRequestRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { judge } from '../judge.js';
import { handedOn } from '../locks.js';
import { lookAgainIn } from '../look-again.js';
import { currentTally } from '../votes.js';

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
      const isMoved = pull.headSha !== evidence.evidenceSha || pull.baseBranch !== target.baseBranch;
      if (pull.state !== 'open' || isMoved) return done('the pull request moved');
      if (now >= new Date(evidence.expiresAt)) return done('the subject has expired');
      const tally = await currentTally(services, run, context.output);
      if (tally.reached && tally.rejects.length === 0) return done('the votes are there');
      const lost = await handedOn(context, target);
      if (lost) return lost;
      await noteBrokenGlass(services, context);
      const freeze = await services.fresh(run.target).freeze(evidence.subjectDigest);
      const held = freeze === null ? [] : [`and when it is approved: ${freezeWords(freeze)}`];
      const message = [...tally.missing, ...held].join('; ');
      // Policy says so too, once for every change of the count: what is asked at confirm is seen to say no before.
      if (run.wait?.message !== message) await askPolicy(services, context, tally);
      return { kind: 'wait', reason: 'approval', message, forMs: await lookAgainIn(services, run) };
    },
  };
}

/** Phase approval on the votes as they are: recorded for explain_decision, it releases nothing. */
async function askPolicy(services: ChangeServices, { run }: StepContext, tally: Tally): Promise<void> {
  const stored = await services.subjects.find(run.id, run.round);
  if (stored === null) return;
  const target = services.config.target(run.target);
  const input = { subject: parseSubject(stored.json), tally, target };
  await judge(services, 'approval', input, { run: run.id, round: run.round, step: 'await-approval' });
}
