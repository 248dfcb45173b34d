import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { graphStoreContract } from './graph-store.contract.spec-kit.js';
import { migrateGraph, PostgresGraphStore } from './index.js';

let db: TestDatabase;
beforeAll(async () => {
  db = await startTestDatabase();
  await migrateGraph(db.pool);
});
afterAll(async () => {
  await db.close();
});

graphStoreContract('Postgres', async () => {
  await db.pool.query('TRUNCATE graph_nodes, graph_edges, graph_snapshots');
  return new PostgresGraphStore(db.pool);
});

test('migrations are safe to run twice', async () => {
  await expect(migrateGraph(db.pool)).resolves.toBeUndefined();
});
