import { explanationSchema, PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';
import { explainDecision } from '../requests/explain-decision.js';
import { findingText } from '../requests/run-text.js';
import { productTool, READ_ONLY } from './mcp-context.js';
import { visibleRun } from './visible-run.js';

export const explainDecisionTool = productTool({
  name: 'explain_decision',
  title: 'Explain a decision',
  description:
    'Why policy decided as it did, from the recorded evaluation: every rule that was asked and what it found.',
  annotations: READ_ONLY,
  inputSchema: z.object({
    decision: z
      .string()
      .regex(/^dec_[0-9a-f]{32}$/, 'is no decision id')
      .describe('Id of a decision: dec_ and 32 hex digits.'),
  }),
  outputSchema: explanationSchema,
  handler: async ({ decision: id }, context) => {
    const explanation = await explainDecision(context.services, id);
    const { decision, rules } = explanation;
    if (decision.run !== null) await visibleRun(context, decision.run).catch(() => Promise.reject(unknown()));
    const fired = rules.filter((rule) => rule.fired);
    return {
      structured: explanation,
      text: [
        `Phase ${decision.phase}: ${decision.allow ? 'allowed' : 'denied'}; ${rules.length} rules were asked, ${fired.length} fired.`,
        ...decision.findings.map(findingText),
      ].join('\n'),
    };
  },
});

const unknown = (): PlanwardenError =>
  new PlanwardenError('DECISION_UNKNOWN', 'there is no decision with this id', {
    where: { field: 'decision' },
    remedy: 'Take the id from get_run.',
  });
