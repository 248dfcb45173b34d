import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { TerraformTarget } from '@planwarden/contracts';
import { hclLiteral } from './hcl-literal.js';
import { assertNames, parseHcl, readStack, TerraformTemplates } from './index.js';

const folder = fileURLToPath(new URL('../../../terraform-templates', import.meta.url));
const PROVIDERS = [{ source: 'hashicorp/aws', version: '6.66.0' }];
const target = {
  name: 'web',
  environment: 'staging',
  path: 'stacks/web',
  stack: 'web',
  terraform: { binary: 'terraform', providers: PROVIDERS },
} as unknown as TerraformTarget;
let templates: TerraformTemplates;
beforeAll(() => {
  templates = TerraformTemplates.load(folder);
});
const names = (): string[] => templates.list().map(({ name }) => name);
const example = (name: string) => templates.describe(name).example;

test('every template says what it makes, and its example gives a stack that may be planned', async () => {
  expect(names()).toEqual(['eks-cluster', 's3-bucket', 'terraform-data']);
  for (const name of names()) {
    const files = await templates.render(name, example(name), target);
    const stack = files.map(({ path, content }) => ({
      path: path.slice('stacks/web/'.length),
      content: content ?? '',
    }));
    const { resources } = await readStack(stack, { folder: target.path, providers: PROVIDERS });
    expect(resources.map(({ type }) => type)).toEqual(templates.describe(name).produces);
    assertNames(await Promise.all(stack.map(({ path, content }) => parseHcl(path, content))));
  }
});

test('the same input gives the same bytes', async () => {
  for (const name of names()) {
    const [one, two] = [
      await templates.render(name, example(name), target),
      await templates.render(name, example(name), target),
    ];
    expect(two).toEqual(one);
  }
});

test('a bucket is encrypted, versioned, private, logged, reachable over TLS only, and has an owner', async () => {
  const files = await templates.render('s3-bucket', example('s3-bucket'), target);
  expect(files.map(({ path }) => path)).toEqual(['stacks/web/versions.tf', 'stacks/web/reports.tf']);
  const text = files[1]?.content ?? '';
  for (const words of ['"aws:kms"', 'status = "Enabled"', 'block_public_policy     = true', 'aws:SecureTransport']) {
    expect(text).toContain(words);
  }
  expect(text).toContain('target_bucket = "acme-staging-logs"');
  expect(text).toContain('owner       = "platform"');
  expect(text).toContain('noncurrent_days = 30');
  expect(text).not.toContain('<<');
});

describe('a parameter', () => {
  test('is text whatever it looks like', async () => {
    const value = '"}\n${file("/etc/passwd")} %{ if true } \\';
    const [file] = await templates.render('terraform-data', { name: 'odd', value }, target);
    const { blocks } = await parseHcl('odd.tf', file?.content ?? '');
    expect(blocks[0]?.attributes[0]).toMatchObject({ name: 'input', literal: value, calls: [] });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['missing', { name: 'x' }, 'template.parameters.value'],
    ['a name that is none', { name: 'a b', value: '' }, 'template.parameters.name'],
    ['not one of the template', { name: 'x', value: '', colour: 1 }, 'template.parameters.colour'],
  ])('%s is refused by its field', async (_, parameters, field) => {
    await expect(templates.render('terraform-data', parameters, target)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      where: { field },
    });
  });
});

test('more nodes at least than at most are refused', async () => {
  const parameters = { ...example('eks-cluster'), minNodes: 5, maxNodes: 4 };
  await expect(templates.render('eks-cluster', parameters, target)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    where: { field: 'template.parameters.minNodes' },
  });
});

test('a template whose provider the target does not allow is refused', async () => {
  const without = { ...target, terraform: { ...target.terraform, providers: [] } };
  await expect(templates.render('s3-bucket', example('s3-bucket'), without)).rejects.toMatchObject({
    code: 'NOT_SUPPORTED',
    where: { field: 'template.name' },
  });
});

test('values are written as HCL reads them', () => {
  expect(hclLiteral({ a: [1, true, null, 'x${y}'] })).toBe('{ "a" = [1, true, null, "x$${y}"] }');
  expect(() => hclLiteral(undefined)).toThrow('no form in HCL');
});
