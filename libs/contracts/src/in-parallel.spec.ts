import { expect, test } from '@jest/globals';
import { inParallel } from './index.js';

test('answers come in the order of the items, and never more than so many are under way', async () => {
  const open: (() => void)[] = [];
  let most = 0;
  const answers = inParallel(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    await new Promise<void>((resolve) => {
      open.push(resolve);
      most = Math.max(most, open.length);
    });
    return item * 10;
  });
  // The last that began goes on first.
  for (let gone = 0; gone < 7; gone += 1) {
    while (open.length === 0) await new Promise((resolve) => setImmediate(resolve));
    open.pop()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await answers).toEqual([10, 20, 30, 40, 50, 60, 70]);
  expect(most).toBe(3);
});

test('after a failure nothing is begun, and the failure is that of the first item that fails, not of the quickest', async () => {
  const begun: number[] = [];
  const acts = inParallel(2, [1, 2, 3, 4], async (item) => {
    begun.push(item);
    for (let turns = item === 1 ? 20 : 1; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
    throw new Error(`no ${item}`);
  });
  await expect(acts).rejects.toThrow('no 1');
  expect(begun).toEqual([1, 2]);
  expect(await inParallel(2, [], async () => 1)).toEqual([]);
});
