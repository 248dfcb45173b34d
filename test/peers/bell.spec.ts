import { afterAll, describe, expect, test } from '@jest/globals';
import { silentLog } from '@planwarden/contracts';
import { openBell } from '@planwarden/runs';
import { bellContract, NEVER_MS, until } from '../../libs/runs/src/bell.contract.spec-kit.js';
import { type RedisPeer, startRedis } from './redis.js';

let redis: RedisPeer | undefined;
const server = (): RedisPeer => {
  if (redis === undefined) throw new Error('Redis did not start');
  return redis;
};
const kit = bellContract('on Redis', async () => {
  redis = await startRedis();
  return { store: 'redis', redis: { url: redis.url, password: redis.password } };
});
afterAll(async () => {
  await redis?.stop();
});

const SWEEP_MS = 100;
const haveEnded = async (runs: readonly string[]): Promise<boolean> =>
  (await Promise.all(runs.map(kit.hasEnded))).every(Boolean);
const begin = (count: number): Promise<string[]> => Promise.all(Array.from({ length: count }, () => kit.beginRun()));
const expectOnce = (runs: readonly string[]): void => {
  for (const run of runs) expect(Object.values(kit.executed(run)).every((times) => times === 1)).toBe(true);
};

describe('what may happen to Redis', () => {
  test('everything in it flushed, while runs are under way: the sweep finds every run', async () => {
    const process = await kit.startProcess({ sweepMs: SWEEP_MS });
    const runs = await begin(12);
    for (const run of runs.slice(0, 6)) await process.bell.ring(run, 3_600_000);
    await server().admin((admin) => admin.flushall());
    await until(() => haveEnded(runs));
    expectOnce(runs);
    // And it rings again as if nothing had been.
    const quiet = await kit.startProcess({ sweepMs: NEVER_MS });
    const [later = ''] = await begin(1);
    expect(await quiet.bell.ring(later)).toBe(true);
    await until(() => kit.hasEnded(later));
  });

  test('the queue lost by itself: the sweep finds every run', async () => {
    const runs = await begin(8);
    const deaf = await openBell(
      { store: 'redis', redis: { url: server().url, password: server().password } },
      silentLog,
    );
    for (const run of runs) await deaf.ring(run);
    const lost = await server().admin(async (admin) => {
      const keys = await admin.keys('planwarden:*');
      return keys.length === 0 ? 0 : admin.del(...keys);
    });
    expect(lost).toBeGreaterThan(0);
    await deaf.close();
    await kit.startProcess({ sweepMs: SWEEP_MS });
    await until(() => haveEnded(runs));
    expectOnce(runs);
  });

  test('gone: a ring says so at once, runs go on without it, and it is used again when it is back', async () => {
    const [slow = ''] = await begin(1);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const process = await kit.startProcess({
      sweepMs: SWEEP_MS,
      hold: async (run) => (run === slow ? held : undefined),
    });
    await server().kill();
    const runs = await begin(8);
    expect(await process.bell.ring(runs[0] ?? '')).toBe(false);
    await expect(process.bell.check()).rejects.toThrow();
    // One that takes long holds up none of the others, nor the looks for new ones.
    await until(() => haveEnded(runs));
    const more = await begin(6);
    await until(() => haveEnded(more));
    expect(await kit.hasEnded(slow)).toBe(false);
    letGo();
    await until(() => kit.hasEnded(slow));
    expectOnce([...runs, ...more, slow]);
    await server().up();
    const quiet = await kit.startProcess({ sweepMs: NEVER_MS });
    const [later = ''] = await begin(1);
    await until(async () => quiet.bell.ring(later));
    await until(() => kit.hasEnded(later));
    // The process that was there before hears again, too: alone it carries what is rung for.
    await quiet.worker.close();
    await until(() =>
      process.bell.check().then(
        () => true,
        () => false,
      ),
    );
    const [last = ''] = await begin(1);
    await process.bell.ring(last);
    await until(() => kit.hasEnded(last));
  });

  test('every connection cut: listeners come back and hear', async () => {
    const process = await kit.startProcess({ sweepMs: NEVER_MS });
    const cut = await server().admin((admin) => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'));
    expect(Number(cut)).toBeGreaterThanOrEqual(2);
    const [run = ''] = await begin(1);
    await until(() => process.bell.ring(run));
    await until(() => kit.hasEnded(run));
    expectOnce([run]);
  });
});

describe('a start', () => {
  const open = (url: string, password: string) => openBell({ store: 'redis', redis: { url, password } }, silentLog);

  test('with a wrong password is refused in words that hold no password', async () => {
    const refusal = await open(server().url, 'not-the-password').catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'OUTSIDE_REFUSED', where: { field: 'bell.redis' } });
    expect(JSON.stringify(refusal)).not.toContain('not-the-password');
    expect(String(refusal)).not.toContain('not-the-password');
  });

  test('where nobody answers is refused', async () => {
    await expect(open('redis://127.0.0.1:1', 'any')).rejects.toMatchObject({
      code: 'OUTSIDE_UNAVAILABLE',
      where: { field: 'bell.redis' },
    });
  });
});
