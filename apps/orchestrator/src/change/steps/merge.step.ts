import type { Approval } from '@planwarden/approvals';
import { isPlanwardenError } from '@planwarden/contracts';
import { done, type Step } from '@planwarden/runs';
import { confirmRecord, evidenceRecord, mergeRecord, pullRequestRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { end } from '../outcomes.js';
import { APPROVAL, BACK_TO_CONFIRM } from './confirm.step.js';
import { branchOf } from './open-pull-request.step.js';

/** Merges exactly the approved commit, once. For GitOps this is the apply. */
export function mergeStep(services: ChangeServices): Step {
  return {
    name: 'merge',
    state: 'merging',
    reentersAt: 'confirm',
    failsAs: 'apply_failed',
    effects: [
      {
        name: 'merge',
        kind: 'once',
        key: (run) => `${branchOf(run)}/${run.round}#merge`,
        race: {
          key: 'pull request and evidence commit of the round',
          guard: '`sha`: GitHub merges that head or refuses; a pull request is merged once',
          asks: 'whether our App merged the pull request at our `sha`, and as which commit',
          leaves: 'one merge; the later request is refused and finds it',
        },
        reconcile: async (context) => {
          const { number } = await context.output('open-pull-request', pullRequestRecord);
          const { evidenceSha } = await context.output('publish-evidence', evidenceRecord);
          const target = services.config.target(context.run.target);
          const found = await services.sourceControl(target).findMerge(number, evidenceSha);
          return found.kind === 'ours'
            ? { found: 'present', result: { mergeSha: found.mergeSha } }
            : { found: 'absent' };
        },
      },
    ],
    execute: async (context) => {
      const { run, fence } = context;
      const target = services.config.target(run.target);
      const github = services.sourceControl(target);
      const { number } = await context.output('open-pull-request', pullRequestRecord);
      const { evidenceSha } = await context.output('publish-evidence', evidenceRecord);
      const { releasedSha } = await context.output('confirm', confirmRecord);
      // Only confirm puts it there; `merge` refuses anything that is not a real Approval of this lease.
      const approval = context.carry.get(APPROVAL) as Approval | undefined;
      if (approval === undefined && releasedSha === null) {
        return { kind: 'back', step: 'confirm', message: 'there is no approval in hand: confirm again' };
      }
      try {
        const { mergeSha } = await context.effect('merge', mergeRecord, async () => {
          if (approval === undefined) return { mergeSha: releasedSha ?? '' };
          const ports = services.fresh(run.target);
          return github.merge(approval, { fence, ports }, { number, sha: evidenceSha, title: `Planwarden ${run.id}` });
        });
        const [merged, approved] = [
          await github.subtreeSha(mergeSha, target.path),
          await github.subtreeSha(evidenceSha, target.path),
        ];
        if (merged !== approved) {
          return end(
            'apply_failed',
            'MERGED_TREE_DIFFERS',
            `merged as ${mergeSha}, but the files below ${target.path} are not the approved ones`,
            'Look at what else was merged at the same time; revert the merge if it is not wanted.',
          );
        }
        return done(`merged exactly ${evidenceSha.slice(0, 12)} as ${mergeSha.slice(0, 12)}`, { mergeSha });
      } catch (error) {
        if (!isPlanwardenError(error)) throw error;
        if (BACK_TO_CONFIRM.includes(error.code)) return { kind: 'back', step: 'confirm', message: error.message };
        if (error.code !== 'MERGE_REFUSED') throw error;
        // The next look enters at confirm, which names what GitHub demands.
        return { kind: 'wait', reason: 'approval', message: error.message, forMs: 5000 };
      }
    },
  };
}
