import { describe, expect, test } from '@jest/globals';
import { hasField, ownFilesSchema, pullRequestSchema, requestSchema } from './request-schema.js';
import { checkAgainstSchema } from './schema-check.js';

const schema = requestSchema({
  parameters: {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    required: ['replicas'],
    properties: { replicas: { $ref: '#/$defs/count' } },
    $defs: { count: { type: 'integer', minimum: 1 } },
  },
});

describe('the form of a request', () => {
  test('references inside the template still lead somewhere', () => {
    const found = checkAgainstSchema(schema, { title: 'a', parameters: { replicas: 0 } });
    expect(found).toEqual([{ path: ['parameters', 'replicas'], message: 'must be at least 1' }]);
  });

  test('title and required parameters are asked for', () => {
    expect(checkAgainstSchema(schema, { parameters: {} }).map((one) => one.path.join('.'))).toEqual([
      'title',
      'parameters.replicas',
    ]);
  });

  test('which places the form has', () => {
    expect(hasField(schema, ['parameters', 'replicas'])).toBe(true);
    expect(hasField(schema, ['parameters', 'other'])).toBe(false);
    expect(hasField(schema, [])).toBe(false);
  });
});

test('own files have a place for each word of the request, and their paths are below the target', () => {
  const own = ownFilesSchema('stacks/web');
  expect(own.required).toEqual(['title', 'files']);
  expect(JSON.stringify(own)).toContain('paths are below stacks/web');
  for (const field of ['title', 'reason', 'files', 'deletions']) expect(hasField(own, [field])).toBe(true);
  expect(hasField(own, ['parameters'])).toBe(false);
});

test('a pull request is named by its number and a full commit', () => {
  const form = pullRequestSchema('platform/infrastructure');
  expect(checkAgainstSchema(form, { title: 'Look', pullRequest: { number: 7, sha: 'a'.repeat(40) } })).toEqual([]);
  const wrong = checkAgainstSchema(form, { title: 'Look', pullRequest: { number: 0, sha: 'HEAD' } });
  expect(wrong.map(({ path }) => path.join('.'))).toEqual(['pullRequest.number', 'pullRequest.sha']);
  for (const field of ['number', 'sha']) expect(hasField(form, ['pullRequest', field])).toBe(true);
});
