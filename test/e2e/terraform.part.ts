import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hasEnded, type Json, startWorld, type World, withStack } from './world.js';

describe('stacks without terraform', () => {
  /** What needs no terraform: its whole road is in test/peers/terraform-road.spec.ts. */
  let world: World;
  beforeAll(async () => {
    world = await startWorld({}, undefined, (yaml) =>
      withStack(yaml).replace('targets: [staging]', 'targets: [staging, web]'),
    );
  });
  afterAll(() => world.stop());

  const ask = (files: Json, more: Json = {}) =>
    world.call('propose_change', {
      target: 'web',
      title: 'Greet',
      ...(Object.keys(files).length === 0
        ? {}
        : { files: Object.entries(files).map(([path, content]) => ({ path, content })) }),
      ...more,
    });

  test('without a terraform binary policy reads a preview, and the run ends there: no evidence, no vote', async () => {
    const { data } = await ask({ 'main.tf': 'resource "terraform_data" "a" {\n  input = 1\n}\n' });
    const ended = await world.until(String(data.run), hasEnded);
    expect(ended.run).toMatchObject({ state: 'errored', outcome: { code: 'PLAN_UNAVAILABLE' } });
    expect(ended.run.outcome?.message).toContain('terraform is not on this machine');
    expect(ended.plan?.text).toMatch(/^A preview made from the files alone.*\nPreview: 1 to create/);
    expect(ended.steps.filter(({ state }) => state === 'done').at(-1)?.name).toBe('plan');
    expect(ended.steps.find(({ name }) => name === 'check-plan')).toMatchObject({ state: 'failed' });
    expect(ended.decisions.map(({ phase, allow }) => [phase, allow])).toContainEqual(['plan', true]);
    expect([ended.approval, ended.pullRequest?.evidenceSha]).toEqual([null, null]);
    const pull = await world.at.app.services
      .sourceControl(world.at.app.services.config.target('web'))
      .pullRequest(ended.pullRequest?.number ?? 0);
    expect(pull).toMatchObject({ state: 'closed' });
  });

  describe('what cannot be asked of a stack is refused at once, with its place', () => {
    test.each<[string, Json, Json, Json]>([
      [
        'a file that is no Terraform',
        { 'main.tf': 'resource "a" {' },
        {},
        { code: 'TERRAFORM_INVALID', where: { file: 'stacks/web/main.tf', line: 1 } },
      ],
      [
        'a file in a folder below',
        { 'sub/main.tf': '' },
        {},
        { code: 'NOT_SUPPORTED', where: { file: 'sub/main.tf' } },
      ],
      ['a way out', { '../main.tf': '' }, {}, { code: 'NOT_SUPPORTED', where: { file: '../main.tf' } }],
      ['an override', { 'override.tf': '' }, {}, { code: 'NOT_SUPPORTED', where: { file: 'override.tf' } }],
      [
        'variables from a file',
        { 'x.auto.tfvars': '' },
        {},
        { code: 'NOT_SUPPORTED', where: { file: 'x.auto.tfvars' } },
      ],
      [
        'one path twice',
        { 'a.tf': '', 'A.tf': '' },
        {},
        { code: 'INPUT_INVALID', where: { field: 'files.1.path', file: 'A.tf' } },
      ],
      [
        'a template of manifests',
        {},
        { template: { name: 'web-application', parameters: {} } },
        {
          code: 'TEMPLATE_UNKNOWN',
          message: expect.stringMatching(/^template web-application makes manifests; target \w+ holds Terraform$/),
          where: { field: 'template.name' },
        },
      ],
      [
        'a template whose provider the target does not allow',
        {},
        {
          template: {
            name: 's3-bucket',
            parameters: { name: 'a', bucket: 'acme-a', owner: 'platform', logBucket: 'acme-logs' },
          },
        },
        { code: 'NOT_SUPPORTED', where: { field: 'template.name' } },
      ],
      [
        'a parameter too few',
        {},
        { template: { name: 'terraform-data', parameters: { name: 'a' } } },
        { code: 'INPUT_INVALID', where: { field: 'template.parameters.value' } },
      ],
      [
        'a secret in a file',
        { 'main.tf': 'locals {\n  key = "ghp_0123456789abcdefghijklmnopqrstuvwxyz"\n}\n' },
        {},
        { code: 'POLICY_DENIED', where: { rule: 'secret-in-text' } },
      ],
    ])('%s', async (_, files, more, expected) => {
      const before = world.at.github.control.countEffects();
      const { isError, data } = await ask(files, more);
      expect(isError).toBe(true);
      expect(data).toMatchObject(expected);
      expect(world.at.github.control.countEffects()).toEqual(before);
    });
  });

  test('policy can be asked about files of a stack without a run', async () => {
    const bucket = (acl: string) => `terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "6.34.0" }
  }
}

resource "aws_s3_bucket_acl" "logs" {
  bucket = "logs"
  acl    = "${acl}"
}
`;
    const check = (content: string) =>
      world.call('check_policy', { target: 'web', files: [{ path: 'b.tf', content }] });
    // The target of this installation allows no provider.
    expect((await check(bucket('private'))).data).toMatchObject({ code: 'TERRAFORM_REFUSED', where: { line: 3 } });
    expect((await check('resource "terraform_data" "a" {\n}\n')).data).toMatchObject({ allow: true, findings: [] });
  });
});
