import { type Log, PlanwardenError, silentLog } from '@planwarden/contracts';
import pg from 'pg';

export interface PoolOptions {
  readonly connectionString: string;
  /** Most connections at a time. Default 10. */
  readonly max?: number;
  readonly log?: Log;
  /** Schema that unqualified names mean, where it is not `public`. */
  readonly searchPath?: string;
}

/**
 * The one pool of a process. Sessions run in UTC. A connection that dies while idle is logged, never thrown: the next
 * query gets a new one or fails by itself.
 */
export function createPool({ connectionString, max = 10, log = silentLog, searchPath }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max,
    application_name: 'planwarden',
    // A process that is paused in the middle of a transaction must not keep others from the rows it has locked.
    options: `-c TimeZone=UTC -c idle_in_transaction_session_timeout=60000${searchPath === undefined ? '' : ` -c search_path=${searchPath}`}`,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: 30_000,
  });
  // A connection that dies while somebody has it is told by his next query; without a listener it would end the process.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  pool.on('error', (error) => log.warn({ code: codeOf(error) }, 'an idle database connection was lost'));
  return pool;
}

/** SQLSTATEs after which the same transaction may be tried again: serialization failure, deadlock. */
const RETRY_STATES = new Set(['40001', '40P01']);
/**
 * Classes and codes that say the database is away or cannot work now: connection exceptions, shutdown, no space, memory
 * or connections left, a disk that fails, time limits of statements, locks, transactions and sessions; names that are not
 * found now, ways that are not there, refused or reset sockets.
 */
const AWAY =
  /^(08\w{3}|53\w{3}|25P0[34]|55P03|57014|57P0[1235]|58\w{3}|EAI_AGAIN|ECONN(ABORTED|REFUSED|RESET)|E(HOST|NET)UNREACH|ENOTFOUND|EPIPE|ETIMEDOUT)$/;

/** What the driver says without a code: the connection broke while it was used or between two statements, or none came. */
const GONE = /^(Connection terminated|timeout exceeded when trying to connect|Client .* is not queryable)/;

/**
 * Runs a function in one transaction. On serialization failures and deadlocks it is run again, so it must do nothing
 * outside the database.
 * @returns what the function returns, after COMMIT
 * @throws PlanwardenError DATABASE_UNAVAILABLE (retryable) when the database is away; else what the function threw
 */
export async function withTransaction<T>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<T>,
  { attempts = 5 }: { readonly attempts?: number } = {},
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once(pool, work);
    } catch (error) {
      if (attempt < attempts && RETRY_STATES.has(codeOf(error))) continue;
      throw isDatabaseAway(error) ? databaseAway(error) : error;
    }
  }
}

async function once<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection whose ROLLBACK fails is in an unknown state: it is closed, never given back.
    await client.query('ROLLBACK').catch((failure: unknown) => {
      broken = failure instanceof Error ? failure : new Error('rollback failed');
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** True when an error says that the database cannot be reached (now). */
export function isDatabaseAway(error: unknown): boolean {
  if (AWAY.test(codeOf(error))) return true;
  return error instanceof Error && GONE.test(error.message);
}

function databaseAway(cause: unknown): PlanwardenError {
  return new PlanwardenError('DATABASE_UNAVAILABLE', 'the database cannot be reached', {
    remedy: 'Look whether Postgres is running; the work goes on by itself when it is back.',
    failure: 'retryable',
    cause,
  });
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
