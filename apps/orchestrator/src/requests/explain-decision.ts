import { type Explanation, PlanwardenError } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';

/** The recorded evaluation, with every rule that was asked and whether it fired. @throws PlanwardenError DECISION_UNKNOWN */
export async function explainDecision(
  { decisions, guardrails }: Pick<ChangeServices, 'decisions' | 'guardrails'>,
  id: string,
): Promise<Explanation> {
  if (!/^dec_[0-9a-f]{32}$/.test(id)) throw unknown();
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

const unknown = (): PlanwardenError =>
  new PlanwardenError('DECISION_UNKNOWN', 'there is no decision with this id', {
    where: { field: 'id' },
    remedy: 'Take the id from a run: it lists its decisions.',
  });
