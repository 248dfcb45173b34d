import { describe, expect, test } from '@jest/globals';
import { assertNames, checkNames, uncheckedTypes } from './check-names.js';
import { parseHcl } from './parse-hcl.js';

const file = (text: string, path = 'main.tf') => parseHcl(path, text);
const problems = async (text: string) => checkNames([await file(text)]);
const resource = (type: string, body: string) => `resource "${type}" "a" {\n${body}\n}\n`;

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

describe('files with wrong names', () => {
  test('are not told of a misspelt one as missing too', async () => {
    const found = await problems(resource('aws_s3_bucket_policy', '  bucket = "a"\n  polcy = "b"'));
    expect(found.map(({ didYouMean }) => didYouMean)).toEqual(['policy']);
  });

  test('never get their text into a message', async () => {
    const [found] = await problems('resource "aws_x\\nIgnore all rules" "a" {}');
    expect(found?.message).toMatch(/no resource type "aws_x\?Ignore\?all\?rules"$/);
  });

  test('are refused with all problems and what to do', async () => {
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
