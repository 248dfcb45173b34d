import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { planOf } from '../faults/engine/plan.js';
import type { Queue } from '../faults/engine/queue.js';
import { Server } from '../faults/engine/server.js';
import { tryPlan } from '../faults/engine/trial.js';
import { type RedisPeer, startRedis } from './redis.js';

/** Family `queue` of `npm run test:faults` with the bell in Redis: worker processes that hear it while it is lost. */
let server: Server;
let redis: RedisPeer;
beforeAll(async () => {
  server = await Server.start();
  redis = await startRedis();
}, 300_000);
afterAll(async () => {
  await redis?.stop();
  await server?.stop();
});

const queue = (): Queue => ({
  backend: { store: 'redis', redis: { url: redis.url, password: redis.password } },
  empty: async () => {
    await redis.admin((admin) => admin.flushall());
  },
  remove: async () => {
    await redis.kill();
    await redis.up();
  },
});

test.each([
  ['flushed, twice', 0],
  ['killed, and started again empty', 1],
])('Redis %s, while runs are at work and a worker dies: each at its right end, every effect once', async (_, seed) => {
  const { problems, injected, effects } = await tryPlan(server, planOf(seed, 'queue', 0.5), { queue: queue() });
  expect(problems).toEqual([]);
  expect([...injected.keys()].some((fault) => /^(empty|remove)-queue/.test(fault))).toBe(true);
  expect(effects).toBeGreaterThan(0);
});
