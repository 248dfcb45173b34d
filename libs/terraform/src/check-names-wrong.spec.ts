import { describe, expect, test } from '@jest/globals';
import { checkNames } from './check-names.js';
import { parseHcl } from './parse-hcl.js';

const problems = async (text: string) => checkNames([await parseHcl('main.tf', text)]);
const resource = (type: string, body: string) => `resource "${type}" "a" {\n${body}\n}\n`;

const CLUSTER = `
  name     = "a"
  role_arn = aws_iam_role.a.arn
  vpc_config {
    subnet_ids = ["a"]
  }`;

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
});
