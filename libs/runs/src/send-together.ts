import { PlanwardenError } from '@planwarden/contracts';
import { isDatabaseAway } from '@planwarden/database';
import type { Settled } from './batcher.js';

const ATTEMPTS = 5;

/**
 * Sends many items by one statement. Where something in one of them is refused, each is tried alone, so that only that
 * one fails.
 * @param send one statement, which is one transaction: one result an item, in their order
 * @throws PlanwardenError DATABASE_UNAVAILABLE when it cannot be told whether it was kept; else what the database said
 */
export async function sendTogether<I, O>(
  items: readonly I[],
  send: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
): Promise<readonly Settled<O>[]> {
  try {
    return await persistently(() => send(items));
  } catch (error) {
    const isForOne = items.length > 1 && isRefusedStatement(error);
    if (isDatabaseAway(error) && !(isForOne && isHeldUp(error))) throw databaseAway(error);
    if (!isForOne) throw error;
    return Promise.all(items.map((item) => alone(item, send)));
  }
}

async function alone<I, O>(
  item: I,
  send: (items: readonly I[]) => Promise<readonly Settled<O>[]>,
): Promise<Settled<O>> {
  try {
    const [result] = await persistently(() => send([item]));
    return result ?? { error: new Error('a statement answered less than it was asked') };
  } catch (error) {
    return { error: isDatabaseAway(error) ? databaseAway(error) : error };
  }
}

/** Serialization failures and deadlocks are tried again: nothing of the statement was kept. */
async function persistently<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (!isConflict(error)) throw error;
      if (attempt >= ATTEMPTS) throw databaseAway(error);
    }
  }
}

/** A SQLSTATE: the database has answered, so nothing of the statement was kept. */
const isRefusedStatement = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && /^[0-9A-Z]{5}$/.test(String(error.code));

const isConflict = (error: unknown): boolean =>
  isRefusedStatement(error) && ['40001', '40P01'].includes((error as { code: string }).code);

/** It took too long, or waited too long for a row: the others of the statement need not wait for that one. */
const isHeldUp = (error: unknown): boolean => ['57014', '55P03'].includes((error as { code: string }).code);

export function databaseAway(cause: unknown): PlanwardenError {
  return new PlanwardenError('DATABASE_UNAVAILABLE', 'the database cannot be reached', {
    remedy: 'Look whether Postgres is running; the work goes on by itself when it is back.',
    failure: 'retryable',
    cause,
  });
}
