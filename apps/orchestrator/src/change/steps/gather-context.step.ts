import { isPlanwardenError } from '@planwarden/contracts';
import { parseManifests } from '@planwarden/manifests';
import { done, type Step } from '@planwarden/runs';
import { contextRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { gatherFacts } from '../facts.js';
import { manifestTarget } from '../manifest-target.js';
import { filesOf, requestOf } from '../run-request.js';

/** Related resources and blast radius, from a fresh look at the cluster: one facts document. */
export function gatherContextStep(services: ChangeServices): Step {
  return {
    name: 'gather-context',
    state: 'validating',
    effects: [],
    execute: async ({ run }) => {
      const target = manifestTarget(services.config.target(run.target));
      const refs = refsOf(services, run.request === null ? undefined : requestOf(run), target);
      const { facts, factsDigest } = await gatherFacts(services, target, refs);
      const affected = facts.blastRadius.affected;
      return done(
        `looked at ${facts.related.length} related resources; ${affected} depend on what changes`,
        contextRecord.parse({ facts, factsDigest }),
      );
    },
  };
}

/** Objects the request would make. What cannot be read yet is refused by the steps whose work that is. */
function refsOf(
  services: ChangeServices,
  request: ReturnType<typeof requestOf> | undefined,
  target: Parameters<typeof filesOf>[2],
) {
  if (request === undefined) return [];
  try {
    return parseManifests(filesOf(services, request, target)).map((object) => object.ref);
  } catch (error) {
    if (isPlanwardenError(error)) return [];
    throw error;
  }
}
