import {
  type ManifestPlan,
  type ManifestTarget,
  type Plan,
  type PlannedResource,
  PlanwardenError,
  type Target,
  type TerraformPlan,
} from '@planwarden/contracts';

/** The target, known to be one of manifests. @throws PlanwardenError NOT_SUPPORTED for one of Terraform */
export function manifestTarget(target: Target): ManifestTarget {
  if (target.kind === 'manifests') return target;
  throw new PlanwardenError('NOT_SUPPORTED', `target ${target.name} holds Terraform, which is not supported here yet`, {
    where: { field: 'target' },
    remedy: 'Use a target whose kind is manifests.',
  });
}

/** The plan, known to be one of manifests: the plan of a manifest target is never of another kind. */
export function manifestPlan(plan: Plan): ManifestPlan {
  if (plan.kind === 'manifest-plan/1') return plan;
  throw otherKind();
}

/** The plan, known to be one of Terraform: the plan of a Terraform target is never of another kind. */
export function terraformPlan(plan: Plan): TerraformPlan {
  if (plan.kind === 'terraform-plan/1') return plan;
  throw otherKind();
}

/** Resources of a plan or preview of Terraform. */
export function resourcesOf(plan: Plan): readonly PlannedResource[] {
  if (plan.kind === 'manifest-plan/1') throw otherKind();
  return plan.resources;
}

/**
 * The plan, known to be more than a preview: only that is put before people.
 * @throws PlanwardenError PLAN_UNAVAILABLE
 */
export function votablePlan(plan: Plan): ManifestPlan | TerraformPlan {
  if (plan.kind !== 'terraform-preview/1') return plan;
  throw new PlanwardenError('PLAN_UNAVAILABLE', 'there is a preview and no plan: nobody can vote on it', {
    where: { field: 'terraform.binary' },
    remedy: 'Install the binary the target names where PATH finds it, start again, and ask for the change again.',
  });
}

const otherKind = (): PlanwardenError =>
  new PlanwardenError('INTERNAL', 'the plan is of another kind than its target', { remedy: 'Report this as a fault.' });
