import type { Decision, GuardrailInput, PolicyPhase } from '@planwarden/contracts';
import type { RunRecord } from '@planwarden/runs';
import type { DecisionRecord, ValidateRecord } from './change.records.js';
import type { ChangeServices } from './change.services.js';
import { actorOf, secretsIn } from './run-request.js';

/** Asks policy and records what it said before anybody acts on it. */
export async function judge<P extends PolicyPhase>(
  { guardrails, decisions }: Pick<ChangeServices, 'guardrails' | 'decisions'>,
  phase: P,
  input: GuardrailInput<P>,
  at: { readonly run: string | null; readonly round: number | null; readonly step: string | null },
): Promise<Decision> {
  const decision = await guardrails.evaluate(phase, input, at);
  await decisions.record(decision, input);
  return decision;
}

/** Asks policy, phase source, about the files of a round and what is in them. */
export function judgeFiles(
  services: Pick<ChangeServices, 'guardrails' | 'decisions' | 'config' | 'personas'>,
  run: RunRecord,
  { files, paths, objects, resources, providers, modules }: ValidateRecord,
  step: string,
): Promise<Decision> {
  return judge(
    services,
    'source',
    {
      actor: actorOf(services, run.requester, run.persona),
      target: services.config.target(run.target),
      ...{ objects, resources, providers, modules, paths },
      secrets: files.flatMap((file) => (file.content === null ? [] : secretsIn(file.path, file.content))),
    },
    { run: run.id, round: run.round, step },
  );
}

export const decisionRecordOf = (decision: Decision): DecisionRecord => ({
  id: decision.id,
  digest: decision.digest,
  inputDigest: decision.inputDigest,
  bundleDigest: decision.bundleDigest,
  findings: decision.findings,
});
