import { canonicalJson, type ManifestPlan, type Subject, type TerraformPlan } from '@planwarden/contracts';
import { firstDifference, newRound, type Stop } from './confirm-outcome.js';
import type { ConfirmPorts, JournalFacts, PlanNow } from './confirm-ports.js';

/** The plan that was voted on against what a plan made now, or the saved file and its state, would be. */
export async function planStop(ports: ConfirmPorts, subject: Subject, journal: JournalFacts): Promise<Stop | null> {
  const recorded = recordedStop(subject, journal);
  if (recorded) return recorded;
  const now = await ports.planNow();
  if (journal.plan.kind === 'manifest-plan/1' && now.kind === 'manifest-plan/1') {
    return manifestStop(subject, journal.plan, now);
  }
  if (journal.plan.kind === 'terraform-plan/1' && now.kind === 'terraform-plan/1') {
    return terraformStop(subject, journal.plan, now);
  }
  return newRound('SUBJECT_CHANGED', 'another kind of plan', 'plan.kind');
}

/** Every field of the plan as the journal recorded it; what a kind of plan does not have, its subject must not have. */
function recordedStop(subject: Subject, { plan, toolVersions }: JournalFacts): Stop | null {
  const { fileDigest = null, lockDigest = null, state = null } = plan.kind === 'terraform-plan/1' ? plan : {};
  return firstDifference('SUBJECT_CHANGED', 'differs from what the journal recorded', [
    ['plan.kind', subject.plan.kind, plan.kind],
    ['plan.digest', subject.plan.digest, plan.digest],
    ['plan.fileDigest', subject.plan.fileDigest ?? null, fileDigest],
    ['plan.lockDigest', subject.plan.lockDigest ?? null, lockDigest],
    ['plan.state.lineage', subject.plan.state?.lineage ?? null, state?.lineage ?? null],
    ['plan.state.serial', subject.plan.state?.serial ?? null, state?.serial ?? null],
    ['plan.toolVersions', subject.plan.toolVersions, toolVersions],
  ]);
}

function manifestStop(
  subject: Subject,
  planned: ManifestPlan,
  again: Extract<PlanNow, { kind: 'manifest-plan/1' }>,
): Stop | null {
  const live = new Map(again.plan.objects.map((object) => [keyOf(object), object.liveDigest]));
  for (const object of planned.objects) {
    const now = live.get(keyOf(object));
    if (now !== undefined && now !== object.liveDigest) {
      const name = [object.kind, object.namespace, object.name].filter((part) => part !== null).join('/');
      return newRound('LIVE_CHANGED', `${name} changed in the cluster since the plan`, 'plan.digest');
    }
  }
  if (again.plan.digest !== subject.plan.digest) {
    return newRound('PLAN_STALE', 'the plan made now differs from the one voted on', 'plan.digest');
  }
  return firstDifference('TOOLS_CHANGED', 'differs from the tools that planned now', [
    ['plan.toolVersions', subject.plan.toolVersions, again.toolVersions],
  ]);
}

/**
 * The saved plan is what is applied: it must still be the file, and the state the one it was made on. A lock file that
 * changes on the branch or its base is met earlier, as HEAD_MOVED or BASE_MOVED; LOCK_FILE_CHANGED is left for a GitHub
 * that shows another file at the same commit.
 */
function terraformStop(
  subject: Subject,
  planned: TerraformPlan,
  now: Extract<PlanNow, { kind: 'terraform-plan/1' }>,
): Stop | null {
  return (
    firstDifference('LOCK_FILE_CHANGED', 'is another lock file now', [
      ['plan.lockDigest', planned.lockDigest, now.lockDigest ?? planned.lockDigest],
    ]) ??
    firstDifference('STATE_CHANGED', 'is not what the plan was made on', [
      ['plan.state.lineage', planned.state.lineage, now.state.lineage],
      ['plan.state.serial', planned.state.serial, now.state.serial],
    ]) ??
    firstDifference('PLAN_FILE_DIFFERS', 'is not the saved plan that was voted on', [
      ['plan.fileDigest', planned.fileDigest, now.fileDigest],
    ]) ??
    firstDifference('TOOLS_CHANGED', 'differs from the tools of now', [
      ['plan.toolVersions', subject.plan.toolVersions, now.toolVersions],
    ])
  );
}

const keyOf = (object: { cluster: string; group: string; kind: string; namespace: string | null; name: string }) =>
  canonicalJson([object.cluster, object.group, object.kind, object.namespace, object.name]);
