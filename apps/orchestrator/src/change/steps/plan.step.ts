import { planToText } from '@planwarden/manifests';
import { done, type Step } from '@planwarden/runs';
import { uncoveredPath } from '../argocd-sync.js';
import { planRecord, pullRequestRecord, validateRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { makePlan } from '../make-plan.js';
import { manifestTarget } from '../manifest-target.js';
import { readerOverClient } from '../observe.js';
import { end } from '../outcomes.js';

/** What would change in the cluster, object by object, from what GitHub holds and what runs now. */
export function planStep(services: ChangeServices): Step {
  return {
    name: 'plan',
    state: 'planning',
    effects: [],
    execute: async (context) => {
      const target = manifestTarget(services.config.target(context.run.target));
      const github = services.sourceControl(target);
      const pull = await context.output('open-pull-request', pullRequestRecord);
      const tip = await github.branchHead(target.baseBranch);
      const isMoved =
        tip === null ||
        (await github.subtreeSha(tip, target.path)) !== (await github.subtreeSha(pull.baseSha, target.path));
      if (isMoved) {
        return {
          kind: 'new-round',
          error: {
            code: 'BASE_MOVED',
            message: "the base branch changed below the target's path",
            remedy: 'The run brings the base in and plans again.',
          },
        };
      }
      const { files, objects } = await context.output('validate', validateRecord);
      const paths = files.filter((file) => file.content !== null).map((file) => file.path);
      const uncovered = await uncoveredPath(
        readerOverClient(services, target),
        target,
        paths,
        objects.map((parsed) => parsed.object),
      );
      if (uncovered !== undefined) {
        return end(
          'errored',
          'MANIFEST_INVALID',
          `no Argo CD application of the target reads ${uncovered}: merging it would apply nothing`,
          `Put it into the folder of an application, or add an Application below ${target.argocd.rootPath}.`,
        );
      }
      const { plan, toolVersions } = await makePlan(services, target, pull);
      const { create, update, delete: remove, noop } = plan.summary;
      return done(
        `${create} to create, ${update} to update, ${remove} to delete, ${noop} unchanged`,
        planRecord.parse({ plan, planText: planToText(plan), toolVersions }),
      );
    },
  };
}
