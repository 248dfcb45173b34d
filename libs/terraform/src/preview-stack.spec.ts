import { expect, test } from '@jest/globals';
import { previewStack } from './index.js';

const file = (content: string) => [{ path: 'main.tf', content }];

test('tells what files alone can tell: addresses, actions, literal values; all else is unknown', async () => {
  const base = file(`resource "terraform_data" "kept" {
  input = "same"
}
resource "terraform_data" "changed" {
  input = "old"
}
resource "terraform_data" "gone" {
  input = 1
}
`);
  const head = file(`variable "size" {
  default = 3
}
resource "terraform_data" "kept" {
  input = "same"
}
resource "terraform_data" "changed" {
  input = "new $\${plain}"
}
resource "aws_security_group" "web" {
  name = "web-\${var.size}"
  tags = {
    Owner = "platform"
    Size  = var.size
  }
  ingress {
    from_port   = 22
    cidr_blocks = ["0.0.0.0/0", var.office]
  }
  dynamic "egress" {
    for_each = var.ports
    content {
      from_port = egress.value
    }
  }
  lifecycle {
    prevent_destroy = true
  }
}
data "aws_vpc" "main" {
  default = true
}
`);
  const preview = await previewStack(base, head);
  expect(preview).toMatchObject({
    kind: 'terraform-preview/1',
    digest: expect.stringMatching(/^sha256:/),
    summary: { create: 1, update: 1, delete: 1, replace: 0, noop: 1 },
  });
  const seen = Object.fromEntries(preview.resources.map((one) => [one.address, one]));
  expect(Object.fromEntries(preview.resources.map(({ address, action }) => [address, action]))).toEqual({
    'aws_security_group.web': 'create',
    'data.aws_vpc.main': 'read',
    'terraform_data.changed': 'update',
    'terraform_data.gone': 'delete',
    'terraform_data.kept': 'no-op',
  });
  expect(seen['terraform_data.changed']).toMatchObject({ before: { input: 'old' }, after: { input: 'new ${plain}' } });
  expect(seen['aws_security_group.web']).toMatchObject({
    type: 'aws_security_group',
    provider: 'aws',
    before: null,
    after: { tags: { Owner: 'platform' }, ingress: [{ from_port: 22, cidr_blocks: ['0.0.0.0/0', null] }] },
    unknown: ['egress', 'name', 'tags.Size', 'ingress.0.cidr_blocks.1'].sort(),
  });
  expect(seen['terraform_data.gone']).toMatchObject({ before: { input: 1 }, after: null });
  expect((await previewStack(base, head)).digest).toBe(preview.digest);
});
