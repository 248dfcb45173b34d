import type { Pipeline, Step } from '@planwarden/runs';
import type { ChangeServices } from '../change/change.services.js';
import { checkSourceStep } from './steps/check-source.step.js';
import { gatherContextStep } from './steps/gather-context.step.js';
import { publishReviewStep } from './steps/publish-review.step.js';
import { readFilesStep } from './steps/read-files.step.js';
import { summariseStep } from './steps/summarise.step.js';
import { validateStep } from './steps/validate.step.js';

/** The road of one review, in its order. It has no approval, no branch and no merge: its one effect is a review. */
export const REVIEW_PIPELINE = 'review/1';

const STEPS: readonly ((services: ChangeServices) => Step)[] = [
  readFilesStep,
  validateStep,
  gatherContextStep,
  checkSourceStep,
  publishReviewStep,
  summariseStep,
];

export function reviewPipeline(services: ChangeServices): Pipeline {
  return {
    version: REVIEW_PIPELINE,
    steps: STEPS.map((make) => make(services)),
    // Nothing of a review moves: it is of one commit, and another commit is another review.
    roundStartsAt: 'read-files',
    maxRounds: 1,
    endsAs: 'reviewed',
  };
}
