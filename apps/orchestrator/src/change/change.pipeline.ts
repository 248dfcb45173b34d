import type { Pipeline, Step } from '@planwarden/runs';
import type { ChangeServices } from './change.services.js';
import { CLOSING_TELLINGS, closePullRequest } from './close-pull-request.js';
import { applyStep } from './steps/apply.step.js';
import { awaitApprovalStep } from './steps/await-approval.step.js';
import { checkPlanStep } from './steps/check-plan.step.js';
import { checkSourceStep } from './steps/check-source.step.js';
import { confirmStep } from './steps/confirm.step.js';
import { gatherContextStep } from './steps/gather-context.step.js';
import { generateStep } from './steps/generate.step.js';
import { mergeStep } from './steps/merge.step.js';
import { openPullRequestStep } from './steps/open-pull-request.step.js';
import { planStep } from './steps/plan.step.js';
import { publishEvidenceStep } from './steps/publish-evidence.step.js';
import { recordGraphStep } from './steps/record-graph.step.js';
import { summariseStep } from './steps/summarise.step.js';
import { validateStep } from './steps/validate.step.js';
import { verifyStep } from './steps/verify.step.js';

/** The road of one change, in its order. A run keeps the version it began with. */
export const CHANGE_PIPELINE = 'change/1';

const STEPS: readonly ((services: ChangeServices) => Step)[] = [
  gatherContextStep,
  generateStep,
  validateStep,
  checkSourceStep,
  openPullRequestStep,
  planStep,
  checkPlanStep,
  publishEvidenceStep,
  awaitApprovalStep,
  confirmStep,
  applyStep,
  mergeStep,
  verifyStep,
  recordGraphStep,
  summariseStep,
];

export function changePipeline(services: ChangeServices): Pipeline {
  return {
    version: CHANGE_PIPELINE,
    steps: STEPS.map((make) => make(services)),
    roundStartsAt: 'validate',
    maxRounds: 5,
    beforeEnd: { tells: CLOSING_TELLINGS, tidy: (context, end) => closePullRequest(services, context, end) },
  };
}
