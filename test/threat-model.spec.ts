import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { ATTACKS } from './attacks/approval/index.js';

const root = join(import.meta.dirname, '..');
const rows = readFileSync(join(root, 'docs', 'threat-model.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| threat') && !line.startsWith('| ---'));
const named = rows.flatMap((row) =>
  [...(row.split('|')[2] ?? '').matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? ''),
);

test('every threat names a test, and every test named is there', () => {
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter((row) => !/`[^`]+`/.test(row.split('|')[2] ?? ''))).toEqual([]);
  const attacks = ATTACKS.map(({ id }) => id);
  expect(
    named.filter((name) => (name.includes('/') ? !existsSync(join(root, name)) : !attacks.includes(name))),
  ).toEqual([]);
});

test('every attack answers a threat', () => {
  expect(ATTACKS.map(({ id }) => id).filter((id) => !named.includes(id))).toEqual([]);
});
