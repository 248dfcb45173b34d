import { describe, expect, test } from '@jest/globals';
import { parseHcl } from './parse-hcl.js';

const GOOD = `terraform {
  required_version = "~> 1.11"
}

resource "terraform_data" "a" {
  input            = "\${file("x.txt")}-\${local.x}"
  triggers_replace = [for k, v in var.m : upper(v) if v != ""]
  lifecycle {
    prevent_destroy = true
  }
}

resource "terraform_data" "b" {
  input = "a \\"quoted\\" $\${text}"
}
`;

describe('a file of Terraform', () => {
  test('is read with the place of everything in it', async () => {
    const { blocks } = await parseHcl('main.tf', GOOD);
    expect(blocks.map(({ type, labels, line }) => [type, ...labels, line])).toEqual([
      ['terraform', 1],
      ['resource', 'terraform_data', 'a', 5],
      ['resource', 'terraform_data', 'b', 13],
    ]);
    const [input, triggers] = blocks[1]?.attributes ?? [];
    expect(input).toMatchObject({ name: 'input', line: 6, column: 3, literal: undefined, references: ['local.x'] });
    expect(input?.calls).toEqual([{ name: 'file', args: ['x.txt'], line: 6, column: 25 }]);
    expect(triggers?.calls.map(({ name, args }) => [name, args])).toEqual([['upper', [null]]]);
    expect(blocks[1]?.blocks[0]).toMatchObject({ type: 'lifecycle', line: 8 });
    expect(blocks[2]?.attributes[0]?.literal).toBe('a "quoted" ${text}');
  });

  test('keeps the whole name of a function that a provider brings', async () => {
    const { blocks } = await parseHcl('main.tf', 'locals {\n  x = provider::local::direxists("/")\n}\n');
    expect(blocks[0]?.attributes[0]?.calls[0]).toMatchObject({ name: 'provider::local::direxists', args: ['/'] });
  });

  test.each([
    ['a brace that is not closed', 'resource "a" "b" {', 1, 18],
    ['an attribute given twice', 'locals {\n  a = 1\n  a = 2\n}', 3, 3],
    ['an expression that ends too soon', 'locals {\n  x = foo(\n}', 3, 1],
    ['an attribute outside of every block', 'x = 1\n', 1, 1],
    ['something that is no HCL', '- a: 1\n', 1, 1],
  ])('with %s is refused at its line and column', async (_, text, line, column) => {
    await expect(parseHcl('shop/main.tf', text)).rejects.toMatchObject({
      code: 'TERRAFORM_INVALID',
      where: { file: 'shop/main.tf', line, column },
    });
  });

  test('may be empty, or hold only words for people', async () => {
    expect((await parseHcl('a.tf', '')).blocks).toEqual([]);
    expect((await parseHcl('a.tf', '# nothing yet\n')).blocks).toEqual([]);
  });
});
