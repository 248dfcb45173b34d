import { expect, test } from '@jest/globals';
import { normalisePlan } from './normalise-plan.js';

const change = (more: object, actions = ['no-op']) => ({
  ...{ address: 'a.b', mode: 'managed', type: 'a', name: 'b', provider_name: 'p' },
  change: { actions, before: { id: 'x' }, after: { id: 'x' }, after_unknown: {}, ...more },
});
const resourcesOf = (...changes: object[]) =>
  normalisePlan({ format_version: '1.2', resource_changes: changes }).resources;

test('tells what is taken into the state, by id or by identity, and what is moved in it', () => {
  const [plain, taken, named, later, moved] = resourcesOf(
    change({}),
    change({ importing: { id: 'sg-1' } }),
    change({ importing: { identity: { account: '1' } } }),
    change({ importing: { unknown: true } }),
    { ...change({}), previous_address: 'a.old' },
  );
  expect(plain).not.toHaveProperty('importedAs');
  expect(plain).not.toHaveProperty('movedFrom');
  expect([taken?.importedAs, named?.importedAs, later?.importedAs]).toEqual([
    'sg-1',
    '{"account":"1"}',
    '(known after apply)',
  ]);
  expect(moved?.movedFrom).toBe('a.old');
});
