import { isPlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import { done, type Step } from '@planwarden/runs';
import type { ChangeServices } from '../../change/change.services.js';
import { gatherFacts } from '../../change/facts.js';
import { stackFacts } from '../../change/terraform/state-facts.js';
import { reviewContextRecord, reviewValidateRecord } from '../review.records.js';

/** What depends on what the files touch, from a fresh look at cluster or state: for the person who reads the review. */
export function gatherContextStep(services: ChangeServices): Step {
  return {
    name: 'gather-context',
    state: 'validating',
    effects: [],
    execute: async (context) => {
      const target = services.config.target(context.run.target);
      const { objects } = await context.output('validate', reviewValidateRecord);
      const refs = objects.map(({ ref }) => ref);
      const found =
        target.kind === 'manifests' ? await gatherFacts(services, target, refs) : await ofStack(services, target);
      if (found === null) return done('the state was not asked: there is no binary for this target here', null);
      const { facts, factsDigest } = found;
      const { affected } = facts.blastRadius;
      return done(
        `looked at ${facts.related.length} related resources; ${affected} depend on what changes`,
        reviewContextRecord.parse({ facts, factsDigest }),
      );
    },
  };
}

async function ofStack(services: ChangeServices, target: TerraformTarget) {
  try {
    return await stackFacts(services, target, []);
  } catch (error) {
    if (isPlanwardenError(error) && error.code === 'PLAN_UNAVAILABLE') return null;
    throw error;
  }
}
