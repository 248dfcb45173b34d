import type { Log } from '@planwarden/contracts';
import type { Bell, BellListener } from './bell.js';
import { listenOnPostgres, openPostgresBell } from './bell-postgres.js';
import { listenOnRedis, openRedisBell, type RedisBellOptions } from './bell-redis.js';

/** Where the bell hangs: beside the journal, or in Redis (or Valkey). */
export type BellBackend =
  | { readonly store: 'postgres'; readonly connectionString: string }
  | { readonly store: 'redis'; readonly redis: RedisBellOptions };

/**
 * Opens the bell of an installation.
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE or OUTSIDE_REFUSED when it hangs in Redis and Redis does not answer
 */
export function openBell(backend: BellBackend, log: Log): Promise<Bell> {
  return backend.store === 'redis'
    ? openRedisBell(backend.redis, log)
    : openPostgresBell(backend.connectionString, log);
}

/** Hears the bell. @param concurrency rings handled at a time by this process */
export function listenToBell(
  backend: BellBackend,
  onRing: (run: string) => Promise<void>,
  concurrency: number,
  log: Log,
): Promise<BellListener> {
  return backend.store === 'redis'
    ? listenOnRedis(backend.redis, onRing, concurrency, log)
    : listenOnPostgres(backend.connectionString, onRing, concurrency, log);
}
