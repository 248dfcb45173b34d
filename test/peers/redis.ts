import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../apps/orchestrator/src/embedded/ports.js';

const { ensureRedis }: { ensureRedis(): string } = await import(
  new URL('../../scripts/peers/redis.mjs', import.meta.url).href
);

/** A Redis server with a password, for as long as a test file runs. */
export interface RedisPeer {
  readonly url: string;
  readonly port: number;
  readonly password: string;
  /** A client beside the product. */
  admin<T>(ask: (redis: Redis) => Promise<T>): Promise<T>;
  /** Ends it as a power cut would; what it held is gone. */
  kill(): Promise<void>;
  up(): Promise<void>;
  stop(): Promise<void>;
}

const PASSWORD = 'bell-of-one-test';

export async function startRedis(): Promise<RedisPeer> {
  const binary = ensureRedis();
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-redis-'));
  const port = await freePort();
  const settings = join(folder, 'redis.conf');
  writeFileSync(
    settings,
    `bind 127.0.0.1\nport ${port}\nrequirepass ${PASSWORD}\nsave ""\nmaxmemory-policy noeviction\ndir ${folder}\n`,
    { mode: 0o600 },
  );
  let child: ChildProcess | undefined;
  const endAtExit = (): void => void child?.kill('SIGKILL');
  process.on('exit', endAtExit);
  const connect = (): Redis =>
    new Redis({ host: '127.0.0.1', port, password: PASSWORD, lazyConnect: true, retryStrategy: null });
  const admin: RedisPeer['admin'] = async (ask) => {
    const redis = connect();
    redis.on('error', () => undefined);
    try {
      await redis.connect();
      return await ask(redis);
    } finally {
      redis.disconnect();
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  const up = async (): Promise<void> => {
    const started = spawn(binary, [settings], { stdio: 'ignore' });
    child = started;
    for (;;) {
      if (started.exitCode !== null) throw new Error(`redis ended with ${started.exitCode}`);
      if (await admin((redis) => redis.ping()).catch(() => undefined)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await up();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    password: PASSWORD,
    admin,
    kill: () => end('SIGKILL'),
    up,
    stop: async () => {
      process.off('exit', endAtExit);
      await end('SIGTERM');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
