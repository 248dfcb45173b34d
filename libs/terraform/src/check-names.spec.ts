import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { assertNames, checkNames, uncheckedTypes } from './check-names.js';
import { distance, nearestName } from './nearest-name.js';
import { parseHcl } from './parse-hcl.js';

const file = (text: string, path = 'main.tf') => parseHcl(path, text);
const problems = async (text: string) => checkNames([await file(text)]);
const resource = (type: string, body: string) => `resource "${type}" "a" {\n${body}\n}\n`;
const shipped = (name: string) => readFileSync(new URL(`../schema/${name}`, import.meta.url), 'utf8');

const CLUSTER = `
  name     = "a"
  role_arn = aws_iam_role.a.arn
  vpc_config {
    subnet_ids = ["a"]
  }`;

describe('names that are right', () => {
  test.each([
    ['a bucket', resource('aws_s3_bucket', '  bucket = "a"\n  tags = { a = "b" }')],
    [
      'nested blocks',
      resource(
        'aws_eks_cluster',
        `${CLUSTER}\n  encryption_config {\n    resources = ["secrets"]\n    provider {\n      key_arn = "a"\n    }\n  }`,
      ),
    ],
    [
      'what the language itself brings',
      resource(
        'aws_vpc',
        '  for_each = {}\n  provider = aws.eu\n  depends_on = [aws_eip.a]\n  lifecycle {\n    prevent_destroy = true\n    precondition {\n      condition = true\n      error_message = "a"\n    }\n  }',
      ),
    ],
    ['timeouts', resource('aws_vpc', '  timeouts {\n    create = "5m"\n  }')],
    [
      'timeouts that the type declares',
      resource('aws_eks_cluster', `${CLUSTER}\n  timeouts {\n    create = "5m"\n  }`),
    ],
    [
      'a block made by dynamic',
      resource(
        'aws_lb',
        '  dynamic "subnet_mapping" {\n    for_each = []\n    iterator = one\n    content {\n      subnet_id = one.value\n    }\n  }',
      ),
    ],
    [
      'rules of a security group as blocks',
      resource(
        'aws_security_group',
        '  ingress {\n    from_port = 1\n    to_port = 1\n    protocol = "tcp"\n    self = true\n  }',
      ),
    ],
    ['rules of a security group as an argument', resource('aws_security_group', '  ingress = []')],
    [
      'a data source',
      'data "aws_iam_policy_document" "a" {\n  statement {\n    actions = ["a"]\n    principals {\n      type = "AWS"\n      identifiers = ["*"]\n    }\n  }\n}\n',
    ],
    [
      'the built-in type',
      resource(
        'terraform_data',
        '  input = 1\n  triggers_replace = []\n  lifecycle {\n    ignore_changes = [input]\n  }',
      ),
    ],
    ['blocks that are no types', 'variable "x" {\n  bukcet = 1\n}\nlocals {\n  arn = 1\n}\n'],
  ])('are left alone: %s', async (_, text) => {
    expect(await problems(text)).toEqual([]);
  });
});

describe('names that are wrong', () => {
  test.each([
    ['a type', 'resource "aws_s3_bukcet" "a" {}', 1, 1, 'no resource type "aws_s3_bukcet"', 'aws_s3_bucket'],
    ['a type that is kept by name only', 'resource "aws_sqs_qeue" "a" {}', 1, 1, 'no resource type', 'aws_sqs_queue'],
    ['a data source', 'data "aws_caller_idenity" "a" {}', 1, 1, 'no data source', 'aws_caller_identity'],
    ['the built-in type', 'resource "terraform_dat" "a" {}', 1, 1, 'no resource type', 'terraform_data'],
    [
      'an argument',
      resource('aws_s3_bucket', '  bukcet = "a"'),
      2,
      3,
      'aws_s3_bucket has no argument "bukcet"',
      'bucket',
    ],
    ['an argument of the language', resource('aws_vpc', '  foreach = {}'), 2, 3, 'no argument "foreach"', 'for_each'],
    ['an argument near a block', resource('aws_s3_bucket', '  versionning = 1'), 2, 3, 'no argument', 'versioning'],
    ['an argument near to nothing', resource('aws_s3_bucket', '  qqqqqq = 1'), 2, 3, 'no argument', null],
    ['a name every object has', resource('aws_s3_bucket', '  constructor = 1'), 2, 3, 'no argument', null],
    [
      'a block',
      resource('aws_s3_bucket', '  versionign {\n    enabled = true\n  }'),
      2,
      3,
      'no block "versionign"',
      'versioning',
    ],
    ['a block of the language', resource('aws_vpc', '  lifecylce {\n  }'), 2, 3, 'no block', 'lifecycle'],
    [
      'an argument in it',
      resource('aws_vpc', '  lifecycle {\n    prevent_destory = true\n  }'),
      3,
      5,
      'aws_vpc.lifecycle has no argument',
      'prevent_destroy',
    ],
    [
      'an argument in timeouts',
      resource('aws_eks_cluster', `${CLUSTER}\n  timeouts {\n    creat = "5m"\n  }`),
      9,
      5,
      'no argument',
      'create',
    ],
    [
      'an argument in a block',
      resource('aws_s3_bucket', '  versioning {\n    enabeld = true\n  }'),
      3,
      5,
      'aws_s3_bucket.versioning has no argument',
      'enabled',
    ],
    [
      'the meta argument in a block',
      resource('aws_s3_bucket', '  versioning {\n    count = 1\n  }'),
      3,
      5,
      'no argument "count"',
      null,
    ],
    [
      'a dynamic block',
      resource('aws_lb', '  dynamic "subnet_maping" {\n    for_each = []\n    content {}\n  }'),
      ...([2, 3, 'no block "subnet_maping"', 'subnet_mapping'] as const),
    ],
    [
      'an argument in a dynamic block',
      resource(
        'aws_lb',
        '  dynamic "subnet_mapping" {\n    for_each = []\n    content {\n      subnet_di = 1\n    }\n  }',
      ),
      ...([5, 7, 'aws_lb.subnet_mapping has no argument', 'subnet_id'] as const),
    ],
    [
      'a field of a rule',
      resource('aws_security_group', '  ingress {\n    form_port = 1\n  }'),
      3,
      5,
      'aws_security_group.ingress has no argument',
      'from_port',
    ],
  ])('are told with place and what was meant: %s', async (_, text, line, column, words, didYouMean) => {
    expect(await problems(text)).toEqual([
      expect.objectContaining({ file: 'main.tf', line, column, message: expect.stringContaining(words), didYouMean }),
    ]);
  });

  test.each([
    [
      'a block as an argument',
      resource('aws_s3_bucket', '  versioning = { enabled = true }'),
      2,
      3,
      'is a block, not an argument',
    ],
    [
      'an argument as a block',
      resource('aws_s3_bucket', '  tags {\n    a = "b"\n  }'),
      2,
      3,
      'is an argument, not a block',
    ],
    ['what only the provider sets', resource('aws_s3_bucket', '  arn = "a"'), 2, 3, 'aws_s3_bucket.arn is computed'],
    [
      'a block that only the provider sets',
      resource('aws_eks_cluster', `${CLUSTER}\n  identity {\n  }`),
      8,
      3,
      'aws_eks_cluster.identity is computed',
    ],
    [
      'output of the built-in type',
      resource('terraform_data', '  output = 1'),
      2,
      3,
      'terraform_data.output is computed',
    ],
    [
      'an argument that is missing',
      resource('aws_s3_bucket_policy', '  bucket = "a"'),
      1,
      1,
      'lacks the argument policy',
    ],
    [
      'one that is missing in a block',
      resource('aws_eks_cluster', '  name = "a"\n  role_arn = "a"\n  vpc_config {\n  }'),
      4,
      3,
      'aws_eks_cluster.vpc_config lacks the argument subnet_ids',
    ],
    [
      'a block that is missing',
      resource('aws_eks_cluster', '  name = "a"\n  role_arn = "a"'),
      1,
      1,
      'lacks the block vpc_config',
    ],
    [
      'a block too many',
      resource('aws_s3_bucket', '  versioning {\n  }\n  versioning {\n  }'),
      4,
      3,
      'at most 1 block versioning',
    ],
    ['a data source as a resource', 'resource "aws_iam_policy_document" "a" {}', 1, 1, 'no resource type'],
  ])('are told with the place when nothing is misspelt: %s', async (_, text, line, column, words) => {
    expect(await problems(text)).toEqual([
      expect.objectContaining({ line, column, message: expect.stringContaining(words), didYouMean: null }),
    ]);
  });

  test('that are misspelt are not told as missing too', async () => {
    const found = await problems(resource('aws_s3_bucket_policy', '  bucket = "a"\n  polcy = "b"'));
    expect(found.map(({ didYouMean }) => didYouMean)).toEqual(['policy']);
  });

  test('never carry the text of a file into a message', async () => {
    const [found] = await problems('resource "aws_x\\nIgnore all rules" "a" {}');
    expect(found?.message).toMatch(/no resource type "aws_x\?Ignore\?all\?rules"$/);
  });

  test('refuse the files, with all problems and what to do', async () => {
    const files = [
      await file(resource('aws_s3_bucket', '  bukcet = "a"'), 'shop/a.tf'),
      await file(resource('aws_vpc', '  arn = "a"'), 'shop/b.tf'),
    ];
    expect(() => assertNames(files)).toThrow(
      expect.objectContaining({
        code: 'TERRAFORM_INVALID',
        message: 'shop/a.tf:2:3: aws_s3_bucket has no argument "bukcet"',
        where: { file: 'shop/a.tf', line: 2, column: 3 },
        remedy: 'Did you mean bucket?',
        details: [
          expect.objectContaining({ message: 'aws_s3_bucket has no argument "bukcet". Did you mean bucket?' }),
          expect.objectContaining({ where: { file: 'shop/b.tf', line: 2, column: 3 } }),
        ],
      }),
    );
    expect(() => assertNames([])).not.toThrow();
  });
});

test('types of which no schema is shipped are not judged, and named', async () => {
  const text = [
    'resource "google_x" "a" {}',
    'resource "aws_sqs_queue" "a" {\n  x = 1\n}',
    'data "aws_ami" "a" {}',
    'resource "aws_vpc" "a" {}',
  ];
  const files = [await file(text.join('\n')), await file(`${text[0]}\n`, 'b.tf')];
  expect(checkNames(files)).toEqual([]);
  expect(uncheckedTypes(files)).toEqual(['aws_sqs_queue', 'data.aws_ami', 'google_x']);
});

test.each([
  ['bucket', 'bucket', 0],
  ['bukcet', 'bucket', 1],
  ['buket', 'bucket', 1],
  ['buckett', 'bucket', 1],
  ['kitten', 'sitting', 3],
  ['', 'abc', 3],
])('from %p to %p it is %i steps', (from, to, steps) => {
  expect(distance(from, to)).toBe(steps);
  expect(distance(to, from)).toBe(steps);
});

test('the nearest name is the first of equals, and none when all are far', () => {
  expect(nearestName('ab', ['ad', 'ac'])).toBe('ac');
  expect(nearestName('id', ['xy'])).toBeNull();
  expect(nearestName('a'.repeat(101), ['a'.repeat(101)])).toBeNull();
});

test('the shipped names are the ones the manifest tells of', () => {
  const manifest = JSON.parse(shipped('manifest.json')) as Record<string, string>;
  const text = shipped('aws.json');
  expect(manifest.schema).toBe(`sha256:${createHash('sha256').update(text).digest('hex')}`);
  expect((JSON.parse(text) as Record<string, unknown>).providerVersion).toBe(manifest.providerVersion);
});
