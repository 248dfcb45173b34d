import { type ManifestTarget, PlanwardenError, type Target } from '@planwarden/contracts';

/** The target, known to be one of manifests. @throws PlanwardenError NOT_SUPPORTED for one of Terraform */
export function manifestTarget(target: Target): ManifestTarget {
  if (target.kind === 'manifests') return target;
  throw new PlanwardenError('NOT_SUPPORTED', `target ${target.name} holds Terraform, which is not supported here yet`, {
    where: { field: 'target' },
    remedy: 'Use a target whose kind is manifests.',
  });
}
