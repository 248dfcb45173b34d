import { PlanwardenError } from '@planwarden/contracts';
import { done, type Step } from '@planwarden/runs';
import type { ChangeServices } from '../change.services.js';

/** GitOps: the merge is the apply, so there is nothing to do here. Direct delivery is not supported yet. */
export function applyStep(services: ChangeServices): Step {
  return {
    name: 'apply',
    state: 'applying',
    reentersAt: 'confirm',
    failsAs: 'apply_failed',
    effects: [],
    execute: async ({ run }) => {
      const { delivery } = services.config.target(run.target);
      if (delivery === 'gitops') return done('GitOps: merging is applying');
      throw new PlanwardenError('NOT_SUPPORTED', `delivery ${delivery} is not supported yet`, {
        where: { field: 'delivery' },
        remedy: 'Use a target with delivery gitops.',
      });
    },
  };
}
