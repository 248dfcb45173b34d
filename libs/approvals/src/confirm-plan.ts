import { canonicalJson, type ManifestPlan, type Subject, type TerraformPlan } from '@planwarden/contracts';
import { firstDifference, newRound, type Stop } from './confirm-outcome.js';
import type { ConfirmPorts, JournalFacts, PlanNow } from './confirm-ports.js';

/** The plan that was voted on against what a plan made now, or the saved file and its state, would be. */
export async function planStop(ports: ConfirmPorts, subject: Subject, journal: JournalFacts): Promise<Stop | null> {
  if (journal.plan.kind !== subject.plan.kind) return newRound('SUBJECT_CHANGED', 'another kind of plan', 'plan.kind');
  if (journal.plan.digest !== subject.plan.digest) {
    return newRound('SUBJECT_CHANGED', 'plan.digest differs from what the journal recorded', 'plan.digest');
  }
  const now = await ports.planNow();
  if (journal.plan.kind === 'manifest-plan/1' && now.kind === 'manifest-plan/1') {
    return manifestStop(subject, journal.plan, now);
  }
  if (journal.plan.kind === 'terraform-plan/1' && now.kind === 'terraform-plan/1') {
    return terraformStop(subject, journal.plan, now);
  }
  return newRound('SUBJECT_CHANGED', 'another kind of plan', 'plan.kind');
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

/** The saved plan is what is applied: it must still be the file, and the state the one it was made on. */
function terraformStop(
  subject: Subject,
  planned: TerraformPlan,
  now: Extract<PlanNow, { kind: 'terraform-plan/1' }>,
): Stop | null {
  return (
    firstDifference('SUBJECT_CHANGED', 'differs from what the journal recorded', [
      ['plan.fileDigest', subject.plan.fileDigest ?? null, planned.fileDigest],
      ['plan.lockDigest', subject.plan.lockDigest ?? null, planned.lockDigest],
      ['plan.state', subject.plan.state ?? null, planned.state],
    ]) ??
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
