import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { REVIEW_STEPS, RUN_STEPS } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';
import { reviewPipeline } from './review.pipeline.js';

test('the road of a review, the closed list and the folder name the same steps', () => {
  const { steps, endsAs } = reviewPipeline({} as ChangeServices);
  expect(steps.map(({ name }) => name)).toEqual([...REVIEW_STEPS]);
  const files = readdirSync(new URL('steps/', import.meta.url)).map((file) => file.replace('.step.ts', ''));
  expect(files.sort()).toEqual([...REVIEW_STEPS].sort());
  expect(RUN_STEPS).toEqual(expect.arrayContaining([...REVIEW_STEPS]));
  expect(endsAs).toBe('reviewed');
});

test('its one effect is a review; it awaits nothing, applies nothing and merges nothing', () => {
  const { steps } = reviewPipeline({} as ChangeServices);
  const effects = steps.flatMap((step) => step.effects.map(({ name, kind }) => [step.name, name, kind]));
  expect(effects).toEqual([['publish-review', 'review', 'once']]);
  expect(new Set(steps.map(({ state }) => state))).toEqual(new Set(['validating', 'publishing']));
});
