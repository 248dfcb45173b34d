import type { ConfirmOutcome } from '@planwarden/approvals';
import { isPlanwardenError } from '@planwarden/contracts';
import type { StepContext, Telling } from '@planwarden/runs';
import { evidenceRecord } from './change.records.js';
import type { ChangeServices } from './change.services.js';

/** Name of the check run that says what the last confirm found. It gives no verdict of policy: that is the other one. */
export const CONFIRM_CHECK = 'planwarden/confirm';

/** That the last confirm found this: its row in docs/durability.md. */
export const CONFIRM_TELLING: Telling = {
  name: 'confirm-check',
  race: {
    key: 'name `planwarden/confirm` at the evidence commit',
    guard: 'none: the newest of a name counts, and gives no verdict',
    asks: 'check runs of that name at that commit',
    leaves: 'one, or two; the next confirm that finds something else says so',
  },
};

interface Words {
  readonly conclusion: 'success' | 'failure' | 'neutral';
  readonly title: string;
  readonly summary: string;
}

/** Says on the pull request what confirm found, where it differs from what the run waits for already. */
export async function tellConfirm(
  services: ChangeServices,
  context: Pick<StepContext, 'run' | 'output' | 'log' | 'tell'>,
  outcome: ConfirmOutcome,
): Promise<void> {
  const { run } = context;
  const words = wordsOf(outcome);
  if (words === null || run.wait?.message === words.summary) return;
  const { evidenceSha } = await context.output('publish-evidence', evidenceRecord);
  const github = services.sourceControl(services.config.target(run.target));
  try {
    await context.tell(CONFIRM_TELLING.name, () =>
      github.upsertCheckRun({ sha: evidenceSha, name: CONFIRM_CHECK, ...words }),
    );
  } catch (error) {
    // Words are no condition of the gate: what the run does is journaled all the same.
    if (!isPlanwardenError(error) || error.code === 'LEASE_LOST') throw error;
    context.log.warn({ run: run.id, code: error.code }, 'the pull request could not be told what confirm found');
  }
}

function wordsOf(outcome: ConfirmOutcome): Words | null {
  switch (outcome.kind) {
    case 'approved': {
      const { approvals, quorum, selfApproved } = outcome.tally;
      const self = selfApproved.length === 0 ? '' : `; self_approved by ${selfApproved.join(', ')}`;
      const title = `Approved: ${approvals.length} of ${quorum}${self}`;
      return { conclusion: 'success', title, summary: 'Everything was read again and is as it was voted on.' };
    }
    case 'keep-waiting':
    case 'unmerged':
      return { conclusion: 'neutral', title: `Waiting: ${outcome.code}`, summary: outcome.message };
    case 'new-round':
      return { conclusion: 'failure', title: `Votes void, new round: ${outcome.code}`, summary: outcome.message };
    case 'expired':
    case 'superseded':
      return { conclusion: 'failure', title: `Ended: ${outcome.code}`, summary: outcome.message };
    case 'denied':
      return {
        conclusion: 'failure',
        title: 'Ended: POLICY_DENIED',
        summary: outcome.decision.findings.map((finding) => `${finding.rule}: ${finding.message}`).join('\n'),
      };
    case 'discarded':
      return { conclusion: 'failure', title: 'Ended: discarded', summary: `discarded by ${outcome.by}` };
    case 'released':
      return null;
  }
}
