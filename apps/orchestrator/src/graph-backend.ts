import { FedGraphStore, type GraphStore, Neo4jGraphStore, PostgresGraphStore } from '@planwarden/graph';
import type pg from 'pg';
import type { InstallationConfig } from './config.file.js';
import { readSecretFile } from './secret-file.js';

/** The graph as configured, with what an operator may ask of it. */
export interface GraphBackend {
  readonly store: GraphStore;
  /** Fills the database that is read from the one that is recorded; null where they are one. */
  readonly rebuild: (() => Promise<{ readonly nodes: number; readonly edges: number }>) | null;
  /** Null where readiness of Postgres says enough. */
  readonly check: (() => Promise<void>) | null;
  close(): Promise<void>;
}

/**
 * Opens the graph and brings it up to date.
 * @throws PlanwardenError CONFIG_INVALID for a password file that cannot be read, OUTSIDE_UNAVAILABLE, OUTSIDE_REFUSED
 */
export async function openGraph(pool: pg.Pool, config: InstallationConfig['graph']): Promise<GraphBackend> {
  if (config.store === 'postgres') {
    return { store: new PostgresGraphStore(pool), rebuild: null, check: null, close: async () => undefined };
  }
  const { uri, user, database, passwordFile } = config.neo4j;
  const neo4j = await Neo4jGraphStore.open({
    uri,
    user,
    database,
    password: readSecretFile(passwordFile, 'graph.neo4j.passwordFile', 'the password of the Neo4j user'),
  });
  try {
    const store = new FedGraphStore(pool, new PostgresGraphStore(pool, { outbox: true }), neo4j);
    await store.start();
    return { store, rebuild: () => store.rebuild(), check: () => neo4j.check(), close: () => neo4j.close() };
  } catch (error) {
    await neo4j.close();
    throw error;
  }
}
