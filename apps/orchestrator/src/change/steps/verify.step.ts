import type { ErrorCode, ManifestPlan, ManifestTarget } from '@planwarden/contracts';
import { done, type Step, type StepContext, type StepOutcome } from '@planwarden/runs';
import { missingSync, unhealthy } from '../argocd-sync.js';
import { mergeRecord, planRecord, validateRecord, verifyRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { judge } from '../judge.js';
import { lockOf } from '../locks.js';
import { type Observed, observe, readerOverClient, readerOverMcp } from '../observe.js';
import { manifestPlan } from '../of-kind.js';
import { deniedBy, end } from '../outcomes.js';
import { verifyStack } from '../terraform/verify-stack.js';

/** Milliseconds between two looks at the cluster. */
const LOOK_MS = 400;

type NotYet = { readonly reason: 'sync' | 'rollout'; readonly code: ErrorCode; readonly message: string };

/**
 * Reads what runs through the Kubernetes MCP server, asks policy, and reads again with our own client. No object, no
 * pods or counts that differ is never success.
 */
export function verifyStep(services: ChangeServices): Step {
  return {
    name: 'verify',
    state: 'verifying',
    failsAs: 'verify_failed',
    effects: [],
    execute: async (context) => {
      const target = services.config.target(context.run.target);
      return target.kind === 'terraform'
        ? verifyStack(services, context, target)
        : verifyObjects(services, context, target);
    },
  };
}

async function verifyObjects(
  services: ChangeServices,
  context: StepContext,
  target: ManifestTarget,
): Promise<StepOutcome> {
  const plan = manifestPlan((await context.output('plan', planRecord)).plan);
  const { mergeSha } = await context.output('merge', mergeRecord);
  const { files } = await context.output('validate', validateRecord);
  // What was deleted is looked for below: nobody needs to cover it any more.
  const paths = files.filter((file) => file.content !== null).map((file) => file.path);
  const reader = readerOverMcp(services, target, context);
  const github = services.sourceControl(target);
  const unsynced = await missingSync(reader, github, target, { paths, mergeSha });
  if (unsynced !== null) {
    return notYet(services, context, target, plan, null, {
      reason: 'sync',
      code: 'VERIFY_TIMED_OUT',
      message: unsynced,
    });
  }
  const seen = await observe(reader, plan);
  const again = unsettled(seen) ?? sameAgain(seen, await observe(readerOverClient(services, target), plan));
  if (again) return notYet(services, context, target, plan, seen, again);
  const ill = await unhealthy(reader, target, paths);
  if (ill !== null) {
    const code = 'VERIFY_TIMED_OUT';
    return notYet(services, context, target, plan, seen, { reason: 'rollout', code, message: ill });
  }
  const decision = await asked(services, context, target, plan, seen);
  if (!decision.allow) return deniedBy(decision, 'verify_failed');
  await context.giveLock(lockOf(target));
  const sentences = seen.workloads.map(
    ({ ready, kind, namespace, name }) => `${ready} pods running (${kind} ${namespace}/${name})`,
  );
  return done(
    sentences.join('; ') || 'every object is there',
    verifyRecord.parse({
      revision: mergeSha,
      workloads: seen.workloads.map(({ settled: _, ...workload }) => workload),
      images: seen.images,
      sentences,
      decision: decision.id,
    }),
  );
}

function unsettled(seen: Observed): NotYet | undefined {
  const missing = seen.missing[0];
  if (missing) {
    return { reason: 'sync', code: 'VERIFY_NO_OBJECT', message: `${missing.kind} ${missing.name} is not there yet` };
  }
  const left = seen.left[0];
  if (left) return { reason: 'sync', code: 'VERIFY_NO_OBJECT', message: `${left.kind} ${left.name} is still there` };
  const slow = seen.workloads.find((workload) => !workload.settled);
  if (!slow) return undefined;
  const code = slow.pods === 0 && slow.desired > 0 ? 'VERIFY_NO_PODS' : 'VERIFY_COUNTS_DIFFER';
  const message = `${slow.kind} ${slow.namespace}/${slow.name}: ${slow.ready} of ${slow.desired} pods are ready`;
  return { reason: 'rollout', code, message };
}

function sameAgain(seen: Observed, again: Observed): NotYet | undefined {
  if (JSON.stringify([seen.workloads, seen.images]) === JSON.stringify([again.workloads, again.images]))
    return undefined;
  return {
    reason: 'rollout',
    code: 'VERIFY_COUNTS_DIFFER',
    message: 'the MCP server and our own client do not see the same pods',
  };
}

/** Waits, until the target's time is over: then policy says what it thinks of what runs, and the run ends. */
async function notYet(
  services: ChangeServices,
  context: StepContext,
  target: ManifestTarget,
  plan: ManifestPlan,
  seen: Observed | null,
  why: NotYet,
): Promise<StepOutcome> {
  const { run } = context;
  const steps = await services.runs.steps(run.id);
  const begun = steps.find((step) => step.step === 'verify' && step.round === run.round)?.startedAt;
  const now = await services.fresh(target.name).now();
  const waited = begun === undefined ? 0 : now.getTime() - new Date(begun).getTime();
  if (waited < target.limits.verifyTimeoutSeconds * 1000) {
    return { kind: 'wait', reason: why.reason, message: why.message, forMs: LOOK_MS };
  }
  if (seen !== null) {
    const decision = await asked(services, context, target, plan, seen);
    if (!decision.allow) return deniedBy(decision, 'verify_failed');
  }
  return end(
    'verify_failed',
    why.code,
    `${why.message}, ${target.limits.verifyTimeoutSeconds} s after the merge`,
    'Look at the events of the workload and at Argo CD; the merge stands until it is reverted by a new change.',
  );
}

const asked = (
  services: ChangeServices,
  { run }: StepContext,
  target: ManifestTarget,
  plan: ManifestPlan,
  { images, workloads }: Observed,
) =>
  judge(
    services,
    'verify',
    { target, plan, observed: { images, workloads: workloads.map(({ settled: _, ...workload }) => workload) } },
    { run: run.id, round: run.round, step: 'verify' },
  );
