import { expect, test } from '@jest/globals';
import { backOff, POLL_TIMES } from './look-again.js';

test('a parked run looks after 60 seconds, then ever less often, at last every 15 minutes', () => {
  const looks: number[] = [];
  for (let age = 0; looks.length < 8; age += looks.at(-1) ?? 0) looks.push(backOff(age, POLL_TIMES));
  expect(looks.map((ms) => ms / 1000)).toEqual([60, 60, 120, 240, 480, 900, 900, 900]);
});
