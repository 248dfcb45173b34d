import { describe, expect, test } from '@jest/globals';
import { canonicalJson, digestOf, newId, runIdPattern } from './index.js';

describe('canonical JSON', () => {
  test('orders keys by UTF-16 code units and drops white space (RFC 8785)', () => {
    expect(canonicalJson({ b: 1, a: [true, null], '\u20ac': 'x' })).toBe('{"a":[true,null],"b":1,"€":"x"}');
  });

  test('gives one digest for one value whatever the order of its keys', () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: 2 }));
    expect(digestOf({})).toBe('sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
  });

  test('refuses what has no JSON form', () => {
    expect(() => canonicalJson(undefined)).toThrow(TypeError);
  });
});

test('ids sort in the order they were made', () => {
  const ids = Array.from({ length: 100 }, () => newId('run'));
  expect(ids).toEqual([...ids].sort());
  expect(ids[0]).toMatch(runIdPattern);
});
