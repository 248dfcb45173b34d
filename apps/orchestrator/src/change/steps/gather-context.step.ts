import { isPlanwardenError, type ManifestTarget } from '@planwarden/contracts';
import { parseManifests } from '@planwarden/manifests';
import { done, type Step } from '@planwarden/runs';
import { contextRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { gatherFacts } from '../facts.js';
import { filesOf, requestOf } from '../run-request.js';
import { stackFacts } from '../terraform/state-facts.js';

/** Related resources and blast radius, from a fresh look at cluster or state: one facts document. */
export function gatherContextStep(services: ChangeServices): Step {
  return {
    name: 'gather-context',
    state: 'validating',
    effects: [],
    execute: async ({ run }) => {
      const target = services.config.target(run.target);
      const { facts, factsDigest } =
        target.kind === 'terraform'
          ? // Which resources a change touches is known once it is planned; until then the stack as a whole.
            await stackFacts(services, target, [])
          : await gatherFacts(
              services,
              target,
              await refsOf(services, run.request === null ? undefined : requestOf(run), target),
            );
      const affected = facts.blastRadius.affected;
      return done(
        `looked at ${facts.related.length} related resources; ${affected} depend on what changes`,
        contextRecord.parse({ facts, factsDigest }),
      );
    },
  };
}

/** Objects the request would make. What cannot be read yet is refused by the steps whose work that is. */
async function refsOf(
  services: ChangeServices,
  request: ReturnType<typeof requestOf> | undefined,
  target: ManifestTarget,
) {
  if (request === undefined) return [];
  try {
    return parseManifests(await filesOf(services, request, target)).map((object) => object.ref);
  } catch (error) {
    if (isPlanwardenError(error)) return [];
    throw error;
  }
}
