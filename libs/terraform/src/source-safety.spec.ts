import { describe, expect, test } from '@jest/globals';
import { parseHcl } from './parse-hcl.js';
import { assertSafe, unsafeParts } from './source-safety.js';

const OPTIONS = {
  providers: [{ source: 'hashicorp/aws', version: '6.34.0' }],
  paths: ['main.tf', 'policy.json'],
};
const reasons = async (text: string) => unsafeParts([await parseHcl('main.tf', text)], OPTIONS);
const AWS = `terraform {
  required_providers {
    aws = { source = "hashicorp/aws", version = "6.34.0" }
  }
}
`;

describe('files that may be planned', () => {
  test.each([
    ['a resource that needs no provider', 'resource "terraform_data" "a" {\n  input = upper("x")\n}'],
    ['a resource of an allowed provider', `${AWS}resource "aws_s3_bucket" "a" {\n  bucket = "a"\n}`],
    ['a file of the module', `resource "terraform_data" "a" {\n  input = file("./policy.json")\n}`],
    [
      'where the provider works',
      `${AWS}provider "aws" {\n  region = "eu-west-1"\n  default_tags {\n    tags = {}\n  }\n}`,
    ],
    [
      'names of its own',
      'variable "x" {\n  default = 1\n}\nlocals {\n  y = var.x\n}\noutput "y" {\n  value = local.y\n}',
    ],
    [
      'a nested block that is called provider',
      `${AWS}resource "aws_eks_cluster" "a" {\n  encryption_config {\n    provider {\n      key_arn = "x"\n    }\n  }\n}`,
    ],
  ])('have %s', async (_, text) => {
    expect(await reasons(text)).toEqual([]);
  });
});

describe('files that may not be planned', () => {
  test.each([
    ['a backend', 'terraform {\n  backend "http" {\n    address = "https://evil.test"\n  }\n}', 2, 'backend'],
    ['cloud', 'terraform {\n  cloud {}\n}', 2, 'cloud'],
    [
      'a provider that is not allowed',
      'terraform {\n  required_providers {\n    evil = { source = "evil/evil", version = "1.0.0" }\n  }\n}',
      3,
      'not one of the target',
    ],
    [
      'a version range',
      'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "~> 6.0" }\n  }\n}',
      3,
      'not one of the target',
    ],
    [
      'two sources of one provider, of which Terraform takes the last',
      'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", source = "evil/evil", version = "6.34.0" }\n  }\n}',
      3,
      'not one of the target',
    ],
    [
      'two versions of one provider, of which Terraform takes the last',
      'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "6.34.0", version = "1.0.0" }\n  }\n}',
      3,
      'not one of the target',
    ],
    [
      'another version',
      'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws", version = "6.33.0" }\n  }\n}',
      3,
      'exactly version 6.34.0',
    ],
    ['a provider it does not declare', 'resource "random_pet" "a" {}', 1, 'not declared'],
    ['a provider by another name', `${AWS}resource "aws_s3_bucket" "a" {\n  provider = other.x\n}`, 7, 'not declared'],
    ['credentials', `${AWS}provider "aws" {\n  secret_key = "x"\n}`, 7, 'secret_key'],
    ['a command behind a provider', `${AWS}provider "aws" {\n  exec {\n    command = "sh"\n  }\n}`, 7, 'exec'],
    ['an address from an expression', `${AWS}provider "aws" {\n  region = var.x\n}`, 7, 'region'],
    [
      'a provisioner',
      'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n    command = "id"\n  }\n}',
      2,
      'provisioner',
    ],
    [
      'a provisioner made by dynamic',
      'resource "terraform_data" "a" {\n  dynamic "provisioner" {\n    for_each = [1]\n    content {}\n  }\n}',
      2,
      'provisioner',
    ],
    ['a connection', 'resource "terraform_data" "a" {\n  connection {\n    host = "x"\n  }\n}', 2, 'connection'],
    ['an outside program', 'data "external" "a" {\n  program = ["id"]\n}', 1, 'external'],
    ['an outside server', 'data "http" "a" {\n  url = "https://evil.test"\n}', 1, 'http'],
    [
      'the state of another stack',
      'data "terraform_remote_state" "a" {\n  backend = "local"\n}',
      1,
      'terraform_remote_state',
    ],
    ['a module', 'module "a" {\n  source = "./a"\n}', 1, 'modules'],
    ['a check with a data source', 'check "a" {\n  data "http" "b" {\n    url = "x"\n  }\n}', 1, 'check'],
    ['an ephemeral resource', 'ephemeral "random_password" "a" {}', 1, 'ephemeral'],
    ['a file outside of the module', 'locals {\n  x = file("/etc/passwd")\n}', 2, 'not one of the module'],
    ['a file above the module', 'locals {\n  x = file("../main.tf")\n}', 2, 'not one of the module'],
    ['a path that is computed', 'locals {\n  x = file("/proc/${1}/environ")\n}', 2, 'plain path'],
    ['a path from a variable', 'locals {\n  x = filebase64(var.x)\n}', 2, 'plain path'],
    ['a path inside a longer text', 'locals {\n  x = "a${upper(file("/etc/passwd"))}b"\n}', 2, 'not one of the module'],
    [
      'a path inside a heredoc',
      'locals {\n  x = <<-EOT\n    ${file("/etc/passwd")}\n  EOT\n}',
      3,
      'not one of the module',
    ],
    [
      'a path inside a directive',
      'locals {\n  x = "%{ if fileexists("/etc/passwd") }a%{ endif }"\n}',
      2,
      'not one of the module',
    ],
    ['a template file', 'locals {\n  x = templatefile("policy.json", {})\n}', 2, 'templatefile'],
    ['a template from text', 'locals {\n  x = templatestring(local.y, {})\n}', 2, 'templatestring'],
    ['a look at a folder', 'locals {\n  x = fileset("/", "**")\n}', 2, 'fileset'],
    ['a home folder', 'locals {\n  x = pathexpand("~/.aws/credentials")\n}', 2, 'pathexpand'],
    ['a function of a provider', 'locals {\n  x = provider::local::direxists("/")\n}', 2, 'provider::local::direxists'],
    ['a secret made plain', 'output "x" {\n  value = nonsensitive(var.x)\n}', 2, 'nonsensitive'],
    ['a function nobody knows', 'locals {\n  x = exec("id")\n}', 2, 'exec'],
  ])('have %s', async (_, text, line, word) => {
    const found = await reasons(text);
    expect(found).toContainEqual(expect.objectContaining({ line, message: expect.stringContaining(word) }));
  });

  test('are refused with every reason, each with its place', async () => {
    const file = await parseHcl('main.tf', 'module "a" {\n  source = "./a"\n}\nlocals {\n  x = file("/x")\n}');
    expect(() => assertSafe([file], OPTIONS)).toThrow(
      expect.objectContaining({
        code: 'TERRAFORM_REFUSED',
        where: { file: 'main.tf', line: 1, column: 1 },
        details: [
          expect.objectContaining({ where: { file: 'main.tf', line: 1, column: 1 } }),
          expect.objectContaining({ where: { file: 'main.tf', line: 5, column: 7 } }),
        ],
      }),
    );
  });
});

test('a provider that the operator sets up has no block in a file, and its own name', async () => {
  const operated = { ...OPTIONS, providers: [{ source: 'hashicorp/aws', version: '6.34.0', isOperated: true }] };
  const told = async (text: string) => unsafeParts([await parseHcl('main.tf', text)], operated);
  expect(await told(`${AWS}resource "aws_s3_bucket" "a" {\n  bucket = "a"\n}`)).toEqual([]);
  for (const block of ['provider "aws" {\n}', 'provider "aws" {\n  alias = "b"\n}']) {
    expect(await told(`${AWS}${block}\n`)).toEqual([
      expect.objectContaining({ line: 6, message: 'provider aws is set up by the operator' }),
    ]);
  }
  expect(await told(AWS.replace('aws =', 'cloud ='))).toEqual([
    expect.objectContaining({ line: 3, message: 'provider cloud must be called aws' }),
  ]);
});
