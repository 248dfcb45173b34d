import { type Log, PlanwardenError } from '@planwarden/contracts';
import { Queue, Worker } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { BELL_QUEUE, type Bell, type BellListener, ringOn } from './bell.js';

export interface RedisBellOptions {
  /** `redis://host:port/number`, or `rediss://` for TLS; no user and no password in it. */
  readonly url: string;
  /** Absent: the default user. */
  readonly user?: string;
  readonly password: string;
}

/** Names of everything the bell keeps in Redis begin with this; two installations may share one server. */
const PREFIX = 'planwarden';
/** Longest wait for one answer: a ring must not hold up who asked for a change. */
const ANSWER_MS = 2000;

/**
 * The bell in Redis or Valkey. It keeps nothing that the journal does not know: emptied or lost, the sweep finds every
 * run.
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE, OUTSIDE_REFUSED (user or password)
 */
export async function openRedisBell(options: RedisBellOptions, log: Log): Promise<Bell> {
  // No queue of commands while the connection is away: a ring that does not sound at once is not worth waiting for.
  const redis = client(options, { commandTimeout: ANSWER_MS, enableOfflineQueue: false, maxRetriesPerRequest: 0 });
  await connected(redis, options.url);
  const onError = (err: Error): void => log.warn({ err }, 'the bell has lost its connection');
  redis.on('error', onError);
  const queue = new Queue<{ run: string }>(BELL_QUEUE, { connection: redis, prefix: PREFIX, skipMetasUpdate: true });
  queue.on('error', onError);
  return {
    ring: ringOn(queue, log),
    check: async () => {
      await redis.ping();
    },
    close: async () => {
      await queue.close();
      redis.disconnect();
    },
  };
}

/** Hears the bell in Redis or Valkey; comes back by itself after an outage. */
export async function listenOnRedis(
  options: RedisBellOptions,
  onRing: (run: string) => Promise<void>,
  concurrency: number,
  log: Log,
): Promise<BellListener> {
  // BullMQ waits for rings with blocking commands, which must be neither timed out nor given up.
  const redis = client(options, { maxRetriesPerRequest: null });
  await connected(redis, options.url);
  const onError = (err: Error): void => log.warn({ err }, 'the bell has lost its connection');
  redis.on('error', onError);
  const worker = new Worker<{ run: string }>(BELL_QUEUE, async (job) => onRing(job.data.run), {
    connection: redis,
    prefix: PREFIX,
    concurrency,
  });
  worker.on('error', onError);
  await worker.waitUntilReady();
  return {
    close: async () => {
      // While Redis is away it cannot be told; then the connection is simply dropped.
      await worker.close(redis.status !== 'ready');
      redis.disconnect();
    },
  };
}

type Limits = Pick<RedisOptions, 'commandTimeout' | 'enableOfflineQueue' | 'maxRetriesPerRequest'>;

function client({ url, user, password }: RedisBellOptions, more: Limits): Redis {
  const { hostname, port, pathname, protocol } = new URL(url);
  return new Redis({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 6379),
    db: Number(pathname.slice(1) || 0),
    ...(protocol === 'rediss:' ? { tls: { servername: hostname } } : {}),
    ...(user === undefined ? {} : { username: user }),
    password,
    lazyConnect: true,
    connectTimeout: 10_000,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2000),
    ...more,
  });
}

/** One try, so that a wrong address or password is told at the start and not retried in silence. */
async function connected(redis: Redis, url: string): Promise<void> {
  const { host } = new URL(url);
  let last: unknown;
  const keep = (error: unknown): void => {
    last = error;
  };
  redis.on('error', keep);
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const said = last instanceof Error ? last.message : error instanceof Error ? error.message : '';
    if (/WRONGPASS|NOAUTH|NOPERM|invalid username-password/i.test(`${said} ${String(error)}`)) {
      throw new PlanwardenError('OUTSIDE_REFUSED', `Redis at ${host} refuses the user or the password`, {
        where: { field: 'bell.redis' },
        remedy: 'Look at bell.redis.user and at the content of bell.redis.passwordFile.',
        cause: error,
      });
    }
    throw new PlanwardenError('OUTSIDE_UNAVAILABLE', `Redis at ${host} cannot be reached`, {
      where: { field: 'bell.redis' },
      remedy: 'Look whether Redis (or Valkey) runs there and can be reached from here.',
      cause: last ?? error,
    });
  } finally {
    redis.off('error', keep);
  }
}
