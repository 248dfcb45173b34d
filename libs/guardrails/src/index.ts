export { type RuleInfo, SHIPPED_BUNDLE_FOLDER } from './bundle.js';
export { DecisionStore, type Explanation } from './decision.store.js';
export type { Evaluator } from './evaluator.js';
export { type EvaluationContext, Guardrails, type GuardrailsOptions } from './guardrails.js';
