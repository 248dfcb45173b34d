import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { importState, migrateGraph, PostgresGraphStore, type StateResource, stackNodeId } from './index.js';

let database: TestDatabase;
let store: PostgresGraphStore;
beforeAll(async () => {
  database = await startTestDatabase();
  await migrateGraph(database.pool);
});
beforeEach(async () => {
  await database.pool.query('TRUNCATE graph_nodes, graph_edges, graph_snapshots');
  store = new PostgresGraphStore(database.pool);
});
afterAll(() => database.close());

const resource = (address: string, dependencies: string[] = []): StateResource => {
  const [type = '', name = ''] = address.split('.');
  return { address, mode: 'managed', type, name, provider: 'hashicorp/aws', instances: 1, dependencies };
};
const load = (resources: StateResource[], types: string[] = []) =>
  importState({
    store,
    stack: 'web',
    environment: 'staging',
    resources,
    types,
    observedAt: '2026-11-20T08:00:00.000Z',
  });
const bucket = stackNodeId('web', 'aws_s3_bucket.logs');

test('what refers to a resource suffers when it changes', async () => {
  await load([resource('aws_s3_bucket.logs'), resource('aws_s3_bucket_policy.logs', ['aws_s3_bucket.logs'])]);
  const { status, hits } = await store.blastRadius(bucket, { maxDepth: 5, limit: 10 });
  expect(status).toBe('tracked');
  expect(hits.map(({ node }) => [node.name, node.environment])).toEqual([['aws_s3_bucket_policy.logs', 'staging']]);
});

test('an instance is looked up as its resource', () => {
  expect(stackNodeId('web', 'aws_s3_bucket.logs["eu:west"]')).toBe(bucket);
  expect(stackNodeId('web', 'data.aws_region.now')).toBe('tf:terraform/web:/aws_region:-:data.aws_region.now');
});

test('what has left the state is forgotten where its type is named', async () => {
  await load([resource('aws_s3_bucket.logs')]);
  await load([]);
  expect(await store.get(bucket)).not.toBeNull();
  await load([], ['aws_s3_bucket']);
  expect(await store.get(bucket)).toBeNull();
});

test('another stack with the same addresses is another place', async () => {
  await load([resource('aws_s3_bucket.logs')]);
  const other = stackNodeId('shop', 'aws_s3_bucket.logs');
  expect((await store.blastRadius(other, { maxDepth: 5, limit: 10 })).status).toBe('not_tracked');
});
