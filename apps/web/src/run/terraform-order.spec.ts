import { expect, test } from '@jest/globals';
import type { PlannedResource } from '@planwarden/contracts';
import { changedValues, isShown, riskOf } from './terraform-order.js';

const resource = (more: Partial<PlannedResource>): PlannedResource => ({
  address: 'terraform_data.a',
  mode: 'managed',
  type: 'terraform_data',
  name: 'a',
  provider: 'terraform.io/builtin/terraform',
  action: 'update',
  before: null,
  after: null,
  unknown: [],
  ...more,
});

test('what destroys comes first', () => {
  const actions = (['create', 'update', 'replace', 'delete'] as const).map((action) => resource({ action }));
  expect([...actions].sort((a, b) => riskOf(a) - riskOf(b)).map(({ action }) => action)).toEqual([
    'delete',
    'replace',
    'update',
    'create',
  ]);
});

test('only values that differ are shown, and what only apply will know says so', () => {
  const before = { input: 'a', kept: 1, output: 'a', gone: true };
  const after = { input: 'b', kept: 1, output: 'a' };
  expect(changedValues(resource({ before, after, unknown: ['output', 'tags.0'] }))).toEqual([
    { name: 'gone', before: 'true', after: null },
    { name: 'input', before: '"a"', after: '"b"' },
    { name: 'output', before: '"a"', after: '(known after apply)' },
    { name: 'tags', before: null, after: '(known after apply)' },
  ]);
});

test('what is known beside an unknown value is shown', () => {
  const after = { ingress: [{ cidr: '0.0.0.0/0' }] };
  const [value] = changedValues(resource({ after, unknown: ['ingress.0.description'] }));
  expect(value?.after).toContain('0.0.0.0/0');
  expect(value?.after).toContain('(in part known after apply)');
});

test('of the unchanged only what is taken into the state or moved in it is shown', () => {
  const unchanged = resource({ action: 'no-op' });
  expect([
    isShown(unchanged),
    isShown({ ...unchanged, importedAs: 'x' }),
    isShown({ ...unchanged, movedFrom: 'y' }),
  ]).toEqual([false, true, true]);
});
