import { expect, test } from '@jest/globals';
import { distance, nearestName } from './nearest-name.js';

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
  expect(nearestName('tag', ['tab', 'bag', 'tags'])).toBe('bag');
  expect(nearestName('name', ['ami', 'tags'])).toBeNull();
  expect(nearestName('', ['id'])).toBeNull();
  expect(nearestName('a'.repeat(101), ['a'.repeat(101)])).toBeNull();
});
