import { PlanwardenError } from '@planwarden/contracts';
import neo4j, { type Driver, type ManagedTransaction, type RecordShape } from 'neo4j-driver';

export interface Neo4jOptions {
  /** `bolt://`, `neo4j://`, or with `+s` for TLS. */
  readonly uri: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** One transaction. */
export interface Cypher {
  /** @param parameters plain values; a number goes in as a float, so whole numbers are wrapped by `wholeNumber` */
  run<R extends RecordShape>(text: string, parameters: Readonly<Record<string, unknown>>): Promise<R[]>;
}

/** Longest transaction, in milliseconds. A query that takes longer is refused by the server. */
const TIMEOUT_MS = 30_000;
/** How long a transaction is tried again after a deadlock or a lost connection, in milliseconds. */
const RETRY_MS = 5_000;

/** A connection pool to one database. */
export class Neo4jConnection {
  readonly #driver: Driver;

  constructor(private readonly options: Neo4jOptions) {
    this.#driver = neo4j.driver(options.uri, neo4j.auth.basic(options.user, options.password), {
      maxTransactionRetryTime: RETRY_MS,
      connectionAcquisitionTimeout: RETRY_MS,
      connectionTimeout: RETRY_MS,
      // Whole numbers in and out of here stay far below 2^53.
      disableLosslessIntegers: true,
      telemetryDisabled: true,
    });
  }

  /**
   * Runs work in one transaction, again after a deadlock or a lost connection: it must be safe to repeat.
   * @throws PlanwardenError OUTSIDE_UNAVAILABLE, OUTSIDE_REFUSED
   */
  async transaction<T>(work: (tx: Cypher) => Promise<T>): Promise<T> {
    const session = this.#driver.session({ database: this.options.database });
    try {
      return await session.executeWrite((tx) => work(cypher(tx)), { timeout: TIMEOUT_MS });
    } catch (error) {
      throw told(error);
    } finally {
      // A server that is gone cannot take leave of a session; what matters was told above.
      await session.close().catch(() => undefined);
    }
  }

  /**
   * Makes a constraint or an index that is not there. `IF NOT EXISTS` is asked before the lock is held, so of two
   * processes that start at once one is told that the other's is there already: that is as good.
   */
  async ensure(schema: string): Promise<void> {
    const session = this.#driver.session({ database: this.options.database });
    try {
      await session.executeWrite((tx) => tx.run(schema), { timeout: TIMEOUT_MS });
    } catch (error) {
      const isThere = error instanceof neo4j.Neo4jError && /\.Schema\.\w+AlreadyExists$/.test(error.code);
      if (!isThere) throw told(error);
    } finally {
      await session.close().catch(() => undefined);
    }
  }

  /** @throws PlanwardenError when the database cannot be reached or does not let us in */
  async check(): Promise<void> {
    try {
      await this.#driver.verifyConnectivity({ database: this.options.database });
    } catch (error) {
      throw told(error);
    }
  }

  close(): Promise<void> {
    return this.#driver.close();
  }
}

export const wholeNumber = (value: number): unknown => neo4j.int(value);

const cypher = (tx: ManagedTransaction): Cypher => ({
  run: async <R extends RecordShape>(text: string, parameters: Readonly<Record<string, unknown>>): Promise<R[]> => {
    const { records } = await tx.run<R>(text, parameters);
    return records.map((record) => record.toObject());
  },
});

/** The server's own words are not passed on: they may quote the query and with it what is in the graph. */
function told(error: unknown): unknown {
  const code = error instanceof neo4j.Neo4jError ? error.code : undefined;
  if (code === undefined) return error;
  if (code.startsWith('Neo.ClientError.Security.')) {
    return new PlanwardenError('OUTSIDE_REFUSED', `the graph database does not let us in (${code})`, {
      where: { field: 'graph.neo4j' },
      remedy: 'Check graph.neo4j.user and the password in graph.neo4j.passwordFile.',
      cause: error,
    });
  }
  if (/^Neo\.(ClientError\.Statement|DatabaseError\.Statement)\./.test(code)) return error;
  return new PlanwardenError('OUTSIDE_UNAVAILABLE', `the graph database does not answer (${code})`, {
    where: { field: 'graph.neo4j' },
    remedy: 'Start Neo4j or wait for it; what was recorded reaches it as soon as it answers.',
    failure: 'retryable',
    cause: error,
  });
}
