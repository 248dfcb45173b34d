import { describe, expect, test } from '@jest/globals';
import { checkAgainstSchema } from './schema-check.js';

const schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'replicas'],
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 5, pattern: '^[a-z0-9-]+$' },
    replicas: { type: 'integer', minimum: 1, maximum: 10 },
    ports: { type: 'array', minItems: 1, uniqueItems: true, items: { $ref: '#/$defs/port' } },
    size: { enum: ['small', 'large'] },
    owner: { type: 'string', pattern: '^[a-z]+$', description: 'Small letters.' },
  },
  $defs: { port: { type: 'integer', exclusiveMaximum: 65536 } },
};

describe('data against a schema', () => {
  test.each<[unknown, string, string]>([
    [{ replicas: 1 }, 'name', 'is required'],
    [{ name: '', replicas: 1 }, 'name', 'must not be empty'],
    [{ name: 'toolong', replicas: 1 }, 'name', 'must have at most 5 characters'],
    [{ name: 'A', replicas: 1 }, 'name', 'must match ^[a-z0-9-]+$'],
    [{ name: 'a', replicas: 0 }, 'replicas', 'must be at least 1'],
    [{ name: 'a', replicas: 11 }, 'replicas', 'must be at most 10'],
    [{ name: 'a', replicas: 1.5 }, 'replicas', 'must be a whole number'],
    [{ name: 'a', replicas: '3' }, 'replicas', 'must be a whole number'],
    [{ name: 'a', replicas: 1, ports: [] }, 'ports', 'must have at least 1 entries'],
    [{ name: 'a', replicas: 1, ports: [80, 80] }, 'ports', 'must not name an entry twice'],
    [{ name: 'a', replicas: 1, ports: [70000] }, 'ports.0', 'must be under 65536'],
    [{ name: 'a', replicas: 1, size: 'huge' }, 'size', 'must be one of: small, large'],
    [{ name: 'a', replicas: 1, owner: 'The Team' }, 'owner', 'is not of the form described above'],
    [{ name: 'a', replicas: 1, colour: 'red' }, 'colour', 'is not a known field'],
    [7, '', 'must be an object'],
  ])('%j', (data, path, message) => {
    expect(checkAgainstSchema(schema, data).map((one) => [one.path.join('.'), one.message])).toEqual([[path, message]]);
  });

  test('what fits has no problems; a field left empty is no field', () => {
    expect(checkAgainstSchema(schema, { name: 'web', replicas: 3, ports: [80, 443], size: undefined })).toEqual([]);
  });

  test('forms of which one, any, all or none must fit', () => {
    const text = { type: 'string' };
    const whole = { type: 'integer' };
    expect(checkAgainstSchema({ oneOf: [text, whole] }, 1)).toEqual([]);
    expect(checkAgainstSchema({ oneOf: [text, { minLength: 1 }] }, 'a')).toHaveLength(1);
    expect(checkAgainstSchema({ anyOf: [text, whole] }, true)).toHaveLength(1);
    expect(checkAgainstSchema({ allOf: [whole, { minimum: 2 }] }, 1)).toHaveLength(1);
    expect(checkAgainstSchema({ not: whole }, 1)).toHaveLength(1);
    const branching = JSON.parse('{"if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2}}') as unknown;
    expect(checkAgainstSchema(branching, 'a')).toHaveLength(1);
    expect(checkAgainstSchema(branching, 3)).toEqual([]);
  });

  test('a reference to itself ends', () => {
    expect(checkAgainstSchema({ $ref: '#' }, 1)).toEqual([]);
    const tree = { type: 'object', properties: { next: { $ref: '#' } } };
    expect(checkAgainstSchema(tree, { next: { next: 1 } })).toHaveLength(1);
  });

  test('a pattern the browser cannot read is left to the server', () => {
    expect(checkAgainstSchema({ pattern: '(' }, 'a')).toEqual([]);
  });
});
