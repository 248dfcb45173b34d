import type { Decision, GuardrailInput, PolicyPhase } from '@planwarden/contracts';
import type { DecisionRecord } from './change.records.js';
import type { ChangeServices } from './change.services.js';

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

export const decisionRecordOf = (decision: Decision): DecisionRecord => ({
  id: decision.id,
  digest: decision.digest,
  inputDigest: decision.inputDigest,
  bundleDigest: decision.bundleDigest,
  findings: decision.findings,
});
