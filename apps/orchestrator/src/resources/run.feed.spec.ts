import { expect, test } from '@jest/globals';
import { changeOf } from './run.feed.js';

const run = `run_${'1'.repeat(32)}`;
const uri = `planwarden://runs/${run}`;

test('every entry changes the run and its log, however many there are', () => {
  const entry = { run, kind: 'step:started', step: 'validate' };
  expect(changeOf([entry, { ...entry, kind: 'step:done' }])).toEqual({ updated: [uri, `${uri}/log`], appeared: [] });
});

test('a plan that was made changes the plan', () => {
  expect(changeOf([{ run, kind: 'step:started', step: 'plan' }]).updated).not.toContain(`${uri}/plan`);
  expect(changeOf([{ run, kind: 'step:done', step: 'plan' }]).updated).toContain(`${uri}/plan`);
});

test('a run that begins appears in the list', () => {
  expect(changeOf([{ run, kind: 'run:started', step: null }]).appeared).toEqual([uri]);
});
