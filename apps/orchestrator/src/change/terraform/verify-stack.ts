import type { TerraformTarget } from '@planwarden/contracts';
import { done, type StepContext, type StepOutcome } from '@planwarden/runs';
import { mergeRecord, planRecord, verifyRecord } from '../change.records.js';
import type { ChangeServices } from '../change.services.js';
import { judge } from '../judge.js';
import { terraformPlan } from '../of-kind.js';
import { counted, deniedBy } from '../outcomes.js';
import { planAtCommit } from './plan-stack.js';

/**
 * Plans the merged files once more: whatever still differs is not what was approved. A plan refreshes, so this asks the
 * providers what really is there.
 */
export async function verifyStack(
  services: ChangeServices,
  context: StepContext,
  target: TerraformTarget,
): Promise<StepOutcome> {
  const { run, signal } = context;
  const approved = terraformPlan((await context.output('plan', planRecord)).plan);
  const { mergeSha } = await context.output('merge', mergeRecord);
  const { plan } = await planAtCommit(services, target, mergeSha, signal);
  const { create, update, replace, delete: remove, noop } = plan.summary;
  const changes = create + update + replace + remove;
  const decision = await judge(
    services,
    'verify',
    { target, plan: approved, observed: { images: {}, workloads: [], changes } },
    { run: run.id, round: run.round, step: 'verify' },
  );
  if (!decision.allow) return deniedBy(decision, 'verify_failed');
  const sentence = `${counted(noop, 'resource')} as approved (stack ${target.stack})`;
  return done(
    sentence,
    verifyRecord.parse({
      ...{ revision: mergeSha, workloads: [], images: {}, sentences: [sentence], decision: decision.id },
    }),
  );
}
