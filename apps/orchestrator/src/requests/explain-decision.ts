import type { Explanation } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';

/** The recorded evaluation, with every rule that was asked and whether it fired. @throws PlanwardenError DECISION_UNKNOWN */
export async function explainDecision(
  { decisions, guardrails }: Pick<ChangeServices, 'decisions' | 'guardrails'>,
  id: string,
): Promise<Explanation> {
  const { decision } = await decisions.explain(id);
  const fired = new Set(decision.findings.map((finding) => finding.rule));
  const rules = guardrails
    .rules()
    .filter((rule) => rule.phase === decision.phase && decision.rulesEvaluated.includes(rule.id))
    .map(({ id: rule, title, description, severity, remedy }) => ({
      id: rule,
      title,
      description,
      severity,
      remedy,
      fired: fired.has(rule),
    }));
  return { decision, rules };
}
