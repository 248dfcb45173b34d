import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ATTACKS } from './approval/index.js';
import { GUARDS, type GuardId } from './guards.js';

describe('the list', () => {
  const root = join(import.meta.dirname, '..', '..');

  test('has at least forty attacks, each with a name of its own; each guard is proven by one', () => {
    const ids = ATTACKS.map(({ id }) => id);
    expect(ids.length).toBeGreaterThanOrEqual(40);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(ATTACKS.map(({ guard }) => guard))].sort()).toEqual(Object.keys(GUARDS).sort());
  });

  test.each(Object.keys(GUARDS) as GuardId[])('guard %s stands where the harness cuts it out', (id) => {
    for (const { file, find, put } of GUARDS[id].cuts) {
      const places = readFileSync(join(root, file), 'utf8').split(find).length - 1;
      expect([file, find, places]).toEqual([file, find, 1]);
      expect(put).not.toBe(find);
    }
  });
});
