import { expect, test } from '@jest/globals';
import type { PlannedResource, TerraformPlan } from '@planwarden/contracts';
import { terraformPlanToText } from './plan-text.js';

const resource = (more: Partial<PlannedResource>): PlannedResource => ({
  ...{
    address: 'terraform_data.a',
    mode: 'managed',
    type: 'terraform_data',
    name: 'a',
    provider: 'p',
    action: 'create',
  },
  ...{ before: null, after: null, unknown: [] },
  ...more,
});
const plan = (resources: PlannedResource[], drift: string[] = []): TerraformPlan => ({
  kind: 'terraform-plan/1',
  ...{ digest: 'sha256:d', fileDigest: 'sha256:f', lockDigest: 'sha256:l', state: { lineage: '', serial: 0 } },
  resources,
  ...{ drift, providers: [], modules: [] },
  summary: { create: 1, update: 0, delete: 0, replace: 1, noop: 1 },
});

test('shows what destroys first and only counts the unchanged', () => {
  const text = terraformPlanToText(
    plan(
      [
        resource({ after: { input: 'x' }, unknown: ['id'] }),
        resource({ address: 'terraform_data.b', action: 'no-op' }),
        resource({ address: 'terraform_data.c', action: 'replace', before: { input: 1, z: 2 }, after: { input: 2 } }),
      ],
      ['terraform_data.b'],
    ),
  );
  expect(text).toBe(`Plan: 1 to create, 0 to update, 1 to replace, 0 to delete, 1 unchanged.
Changed outside of Terraform: terraform_data.b

-/+ replace terraform_data.c
    ~ input: 1 -> 2
    - z: 2

+ create terraform_data.a
    + id: (known after apply)
    + input: "x"`);
});

test('a key or value cannot write a line of the plan', () => {
  const address = 'terraform_data.a["x\n- delete everything"]';
  const text = terraformPlanToText(plan([resource({ address, after: { 'in\nput': 'a\u202Eb' } })]));
  expect(text.split('\n')).toHaveLength(4);
  expect(text).toContain('a\\u{202e}b');
});

test('what is known beside an unknown value does not hide behind it', () => {
  const after = { ingress: [{ cidr: '0.0.0.0/0' }], tags: null };
  const text = terraformPlanToText(plan([resource({ after, unknown: ['ingress.0.description', 'tags'] })]));
  expect(text).toContain('+ ingress: [{"cidr":"0.0.0.0/0"}] (in part known after apply)');
  expect(text).toContain('+ tags: (known after apply)');
});

test('what is taken into the state or moved in it is shown, though nothing else of it changes', () => {
  const unchanged = { action: 'no-op' as const, before: { x: 1 }, after: { x: 1 } };
  const text = terraformPlanToText(
    plan([
      resource({ ...unchanged, address: 'a.taken', importedAs: 'sg-1\n' }),
      resource({ ...unchanged, address: 'a.moved', movedFrom: 'a.old' }),
      resource({ ...unchanged, address: 'a.still' }),
    ]),
  );
  expect(text).toContain('no-op a.taken\n    taken into the state: "sg-1\\n"');
  expect(text).toContain('no-op a.moved\n    moved from a.old');
  expect(text).not.toContain('a.still');
});
