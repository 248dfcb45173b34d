import { expect, test } from '@jest/globals';
import { OpenRequests } from './open-requests.js';

test('everything is answered when each request has its answer, was given up, or goes on for ever', async () => {
  const open = new OpenRequests();
  const isOver: string[] = [];
  const signal = open.begin({ id: 1, method: 'tools/call' });
  open.begin({ id: 'a', method: 'tools/list' });
  open.begin({ id: 2, method: 'subscriptions/listen' });
  const answered = open.answered(2 ** 30).then(() => isOver.push('answered'));
  expect(open.done('a')).toBe(true);
  await Promise.resolve();
  expect(isOver).toEqual([]);
  open.giveUp(1);
  await answered;
  expect(signal.aborted).toBe(true);
  expect(open.done('a')).toBe(false);
  await open.answered(2 ** 30);
});
