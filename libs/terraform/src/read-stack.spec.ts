import { describe, expect, test } from '@jest/globals';
import type { TerraformTarget } from '@planwarden/contracts';
import { agentTerraformFiles } from './agent-files.js';
import { readStack } from './read-stack.js';
import { reviewStack } from './review-stack.js';

const options = { folder: 'stacks/web', providers: [] };

test('a stack is what its files declare, setting by setting', async () => {
  const { resources } = await readStack(
    [
      {
        path: 'main.tf',
        content: 'resource "terraform_data" "a" {\n  input = "x"\n  lifecycle {\n    prevent_destroy = true\n  }\n}\n',
      },
      { path: 'words.txt', content: 'not Terraform' },
    ],
    options,
  );
  expect(resources).toEqual([
    {
      address: 'terraform_data.a',
      mode: 'managed',
      type: 'terraform_data',
      name: 'a',
      file: 'stacks/web/main.tf',
      line: 1,
      settings: [
        { path: 'input', line: 2, block: 1, known: true, value: 'x', text: '"x"' },
        { path: 'lifecycle.prevent_destroy', line: 4, block: 3, known: true, value: true, text: 'true' },
      ],
    },
  ]);
});

test('what a dynamic block sets counts as the block itself', async () => {
  const content = `terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "6.66.0" }
  }
}

resource "aws_security_group" "a" {
  dynamic "ingress" {
    for_each = [1]
    content {
      protocol  = "tcp"
      from_port = 22
      to_port   = 22
    }
  }
}
`;
  const providers = [{ source: 'hashicorp/aws', version: '6.66.0' }];
  const { resources } = await readStack([{ path: 'main.tf', content }], { ...options, providers });
  expect(resources[0]?.settings.map(({ path, value }) => [path, value])).toEqual([
    ['ingress.for_each', null],
    ['ingress.protocol', 'tcp'],
    ['ingress.from_port', 22],
    ['ingress.to_port', 22],
  ]);
});

test('a name that is misspelt is refused with the one that was meant', async () => {
  const content = 'resource "terraform_data" "a" {\n  inputt = 1\n}\n';
  await expect(readStack([{ path: 'main.tf', content }], options)).rejects.toMatchObject({
    code: 'TERRAFORM_INVALID',
    where: { file: 'stacks/web/main.tf', line: 2, column: 3 },
    remedy: expect.stringContaining('input'),
  });
});

describe('a file of a stack', () => {
  test.each([
    'sub/main.tf',
    '../main.tf',
    'override.tf',
    'main_override.tf',
    'main.tf.json',
    'terraform.tfvars',
    'x.auto.tfvars',
    'planwarden_backend.tf',
    'plan.out',
    '.hidden.tf',
    'terraform.tfstate',
    'main.tofu',
    'a b.tf',
    '',
  ])('may not be called %s', async (path) => {
    await expect(readStack([{ path, content: '' }], options)).rejects.toMatchObject({
      code: 'NOT_SUPPORTED',
      where: { file: `stacks/web/${path}` },
    });
  });
});

describe('files of an agent', () => {
  const target = { path: 'stacks/web' } as TerraformTarget;
  test('lie in the folder of the target', () => {
    const files = agentTerraformFiles({ files: [{ path: 'main.tf', content: 'x' }], deletions: ['old.tf'] }, target);
    expect(files.map(({ path, content }) => [path, content])).toEqual([
      ['stacks/web/main.tf', 'x'],
      ['stacks/web/old.tf', null],
    ]);
  });

  test.each<[string, string[], string[], string]>([
    ['named twice', ['a.tf', 'A.tf'], [], 'INPUT_INVALID'],
    ['written and deleted', ['a.tf'], ['a.tf'], 'INPUT_INVALID'],
    ['somewhere else', ['../a.tf'], [], 'NOT_SUPPORTED'],
  ])('%s are refused', (_, paths, deletions, code) => {
    const request = { files: paths.map((path) => ({ path, content: '' })), deletions };
    expect(() => agentTerraformFiles(request, target)).toThrow(expect.objectContaining({ code }));
  });

  test('over the limit are refused', () => {
    const request = { files: [{ path: 'a.tf', content: 'x'.repeat(256 * 1024 + 1) }], deletions: [] };
    expect(() => agentTerraformFiles(request, target)).toThrow(expect.objectContaining({ code: 'BODY_TOO_LARGE' }));
  });
});

test('a reviewer is told every problem at once, and what could be read is read', async () => {
  const content = `terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

provider "aws" {
  default_tags {
    tags = { owner = "payments" }
  }
}

module "net" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.1.0"
}

resource "aws_s3_bucket" "a" {
  buckett = "x"
}
`;
  const files = [
    { path: 'main.tf', content },
    { path: 'bad.tf', content: 'resource "a" {' },
    { path: 'x.auto.tfvars', content: '' },
  ];
  const { problems, ...source } = await reviewStack(files, {
    folder: 'stacks/web',
    providers: [{ source: 'hashicorp/aws', version: '6.66.0' }],
  });
  expect(source.providers).toEqual([
    {
      ...{ name: 'aws', source: null, version: null },
      ...{ tagsOwner: true, file: 'stacks/web/main.tf', line: 3 },
    },
  ]);
  expect(source.modules).toEqual([
    {
      ...{ name: 'net', source: 'terraform-aws-modules/vpc/aws', version: '5.1.0' },
      ...{ file: 'stacks/web/main.tf', line: 16 },
    },
  ]);
  expect(source.resources.map(({ address }) => address)).toEqual(['aws_s3_bucket.a']);
  expect(problems.map(({ code, file, line }) => [code, file, line])).toEqual([
    ['TERRAFORM_INVALID', 'stacks/web/bad.tf', 1],
    ['NOT_SUPPORTED', 'stacks/web/x.auto.tfvars', null],
    ['TERRAFORM_INVALID', 'stacks/web/main.tf', 22],
    ['TERRAFORM_REFUSED', 'stacks/web/main.tf', 3],
    ['TERRAFORM_REFUSED', 'stacks/web/main.tf', 16],
  ]);
});
