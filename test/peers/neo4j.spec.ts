import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import {
  FedGraphStore,
  importState,
  migrateGraph,
  Neo4jGraphStore,
  PostgresGraphStore,
  stackNodeId,
} from '@planwarden/graph';
import neo4j from 'neo4j-driver';
import { graphStoreContract, node } from '../../libs/graph/src/graph-store.contract.spec-kit.js';
import { hasEnded, NGINX, startWorld, waitsForApproval } from '../e2e/world.js';
import { type Neo4j, startNeo4j } from './neo4j.js';

let server: Neo4j;
let db: TestDatabase;
let projection: Neo4jGraphStore;
beforeAll(async () => {
  db = await startTestDatabase();
  await migrateGraph(db.pool);
  server = await startNeo4j();
  projection = await Neo4jGraphStore.open(server.options);
}, 300_000);
afterAll(async () => {
  await projection?.close();
  await server?.stop();
  await db?.close();
});

/** Straight to the server, beside the product. */
async function ask(text: string): Promise<Record<string, unknown>[]> {
  const { uri, user, password } = server.options;
  const driver = neo4j.driver(uri, neo4j.auth.basic(user, password), { disableLosslessIntegers: true });
  try {
    return (await driver.executeQuery(text, {}, { database: 'neo4j' })).records.map((record) => record.toObject());
  } finally {
    await driver.close();
  }
}

async function nothing(): Promise<void> {
  await ask('MATCH (n) DETACH DELETE n');
  await db.pool.query('TRUNCATE graph_nodes, graph_edges, graph_snapshots, graph_outbox');
}

async function fed(): Promise<FedGraphStore> {
  const store = new FedGraphStore(db.pool, new PostgresGraphStore(db.pool, { outbox: true }), projection);
  await store.start();
  return store;
}

graphStoreContract('Neo4j', async () => {
  await nothing();
  return projection;
});

graphStoreContract('Neo4j, fed from Postgres', async () => {
  await nothing();
  return fed();
});

const [shop, pod] = [node('Deployment', 'shop'), node('Pod', 'shop-1')];
const OWNS = { from: shop.id, to: pod.id, kind: 'owns' as const };
const seen = (nodes = [shop, pod], edges = [OWNS]) => ({
  cluster: 'staging',
  nodes,
  edges,
  coverage: { cluster: 'staging', kindsRead: ['apps/Deployment', 'Pod'], kindsFailed: [], namespacesRead: [] },
  namespaces: ['staging-*'],
  observedAt: '2026-11-20T08:00:00.000Z',
});
const LIMITS = { maxDepth: 5, limit: 10 };

describe('Neo4j fed from the outbox', () => {
  beforeEach(nothing);

  test('facts are the same document, byte for byte, in both stores', async () => {
    const store = await fed();
    await store.importSnapshot(seen());
    await store.writeBack({ run: 'run_1', nodes: [shop], edges: [], observedAt: '2026-11-20T09:00:00.000Z' });
    const query = { target: 'staging', environment: 'staging', cluster: 'staging', ids: [shop.id, 'k8s:none'] };
    const recorded = await new PostgresGraphStore(db.pool).facts(query);
    expect(JSON.stringify(await projection.facts(query))).toBe(JSON.stringify(recorded));
    expect(recorded.related).toHaveLength(2);
  });

  test('a rebuild fills an emptied Neo4j with what Postgres holds, and takes away what it does not', async () => {
    const store = await fed();
    await store.importSnapshot(seen());
    const before = await store.blastRadius(shop.id, LIMITS);
    await ask('MATCH (n:Resource) DETACH DELETE n');
    await ask("CREATE (:Resource:Tracked {id: 'k8s:staging:/Pod:-:planted', cluster: 'staging'})");
    expect(await store.rebuild()).toEqual({ nodes: 2, edges: 1 });
    expect(await store.blastRadius(shop.id, LIMITS)).toEqual(before);
    expect(await store.get('k8s:staging:/Pod:-:planted')).toBeNull();
  });

  test('processes that start at once on an empty database all prepare it', async () => {
    for (const { name } of await ask('SHOW CONSTRAINTS YIELD name')) await ask(`DROP CONSTRAINT ${String(name)}`);
    const opened = await Promise.allSettled(Array.from({ length: 6 }, () => Neo4jGraphStore.open(server.options)));
    for (const one of opened) if (one.status === 'fulfilled') await one.value.close();
    expect(opened.filter(({ status }) => status === 'rejected')).toEqual([]);
    expect(await ask('SHOW CONSTRAINTS YIELD name')).toHaveLength(3);
  });

  test('an installation that already has a graph is taken over at its first start', async () => {
    await new PostgresGraphStore(db.pool).importSnapshot(seen());
    expect((await (await fed()).get(shop.id))?.name).toBe('shop');
  });

  test('entries are applied once, though the word that one was applied is lost', async () => {
    const store = await fed();
    await store.importSnapshot(seen());
    const position = (await projection.fedUpTo()) ?? 0;
    expect(position).toBeGreaterThan(0);
    await projection.apply(position, { kind: 'import', snapshot: 'snap_again', seen: seen([], []) });
    expect(await store.get(shop.id)).not.toBeNull();
  });

  test('a Postgres restored from a backup fills Neo4j again instead of passing over what comes', async () => {
    const store = await fed();
    await store.importSnapshot(seen());
    await ask('MATCH (f:Feed) SET f.position = 9999999');
    const again = await fed();
    await again.importSnapshot(seen([shop], []));
    expect(await again.get(pod.id)).toBeNull();
  });

  test('what a second process recorded is seen here too', async () => {
    const store = await fed();
    await new PostgresGraphStore(db.pool, { outbox: true }).importSnapshot(seen());
    expect((await store.search({ text: 'shop', limit: 10 })).nodes).toHaveLength(2);
  });

  test('two processes feed at the same instant: nothing twice, nothing lost', async () => {
    const stores = await Promise.all([fed(), fed()]);
    const recorder = new PostgresGraphStore(db.pool, { outbox: true });
    for (let size = 1; size <= 10; size += 1) {
      await recorder.importSnapshot(
        seen(
          Array.from({ length: size }, (_, at) => node('Pod', `pod-${at}`)),
          [],
        ),
      );
    }
    await Promise.all(stores.map((store) => store.catchUp()));
    expect((await projection.search({ kind: 'Pod', limit: 50 })).nodes).toHaveLength(10);
    expect((await db.pool.query('SELECT FROM graph_outbox')).rowCount).toBe(0);
  });

  test('a Terraform state is imported, and what left it is gone', async () => {
    const store = await fed();
    const resource = (address: string, dependencies: string[]) => {
      const [type = '', name = ''] = address.split('.');
      return { address, mode: 'managed' as const, type, name, provider: 'hashicorp/aws', instances: 1, dependencies };
    };
    const stack = { store, stack: 'network', environment: 'staging', observedAt: '2026-11-20T08:00:00.000Z' };
    const resources = [resource('aws_vpc.main', []), resource('aws_subnet.a', ['aws_vpc.main'])];
    await importState({ ...stack, resources, types: [] });
    const hits = (await store.blastRadius(stackNodeId('network', 'aws_vpc.main'), LIMITS)).hits;
    expect(hits.map((hit) => hit.node.name)).toEqual(['aws_subnet.a']);
    await importState({ ...stack, resources: [resources[0] as never], types: ['aws_subnet'] });
    expect(await store.get(stackNodeId('network', 'aws_subnet.a'))).toBeNull();
  });

  test('killed in between: what was recorded meanwhile is there once it is back, and no word of Neo4j is passed on', async () => {
    const store = await fed();
    await store.importSnapshot(seen());
    await server.kill();
    const down = {
      code: 'OUTSIDE_UNAVAILABLE',
      failure: 'retryable',
      message: expect.stringContaining('graph database'),
    };
    await expect(store.importSnapshot(seen([shop], []))).rejects.toMatchObject(down as never);
    await expect(store.get(shop.id)).rejects.toMatchObject({ code: 'OUTSIDE_UNAVAILABLE' });
    await server.up();
    expect(await store.get(pod.id)).toBeNull();
    expect(await store.get(shop.id)).not.toBeNull();
  }, 120_000);

  test('many writers at once leave each resource once', async () => {
    const nodes = Array.from({ length: 4 }, (_, at) => node('Pod', `pod-${at}`));
    await Promise.all(
      Array.from({ length: 24 }, (_, at) =>
        projection.writeBack({
          run: `run_${at}`,
          nodes: [...nodes].reverse(),
          edges: [],
          observedAt: seen().observedAt,
        }),
      ),
    );
    expect(await ask('MATCH (n:Resource) RETURN count(n) AS n')).toEqual([{ n: 4 }]);
  });

  test('a wrong password is refused with what to do, and without the password', async () => {
    const opening = Neo4jGraphStore.open({ ...server.options, password: 'not-the-password' });
    await expect(opening).rejects.toMatchObject({ code: 'OUTSIDE_REFUSED', where: { field: 'graph.neo4j' } });
    await expect(opening).rejects.not.toThrow(/not-the-password/);
  });
});

test('the first road with its graph in Neo4j, rebuilt by the operator on the way', async () => {
  await nothing();
  const { uri, user, password } = server.options;
  const passwordFile = join(server.folder, 'password');
  writeFileSync(passwordFile, `${password}\n`);
  const graph = `graph:\n  store: neo4j\n  neo4j: { uri: ${uri}, user: ${user}, passwordFile: ${passwordFile} }\n`;
  const world = await startWorld({}, undefined, (yaml) => `${yaml}${graph}`);
  try {
    const run = await world.propose(NGINX);
    const waiting = await world.until(run, waitsForApproval);
    expect(waiting.run.outcome).toBeNull();
    await ask('MATCH (n:Resource) DETACH DELETE n');
    const rebuild = (token: string) =>
      fetch(`${world.url}/api/v1/graph/rebuild`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect((await rebuild(world.agentToken)).status).toBe(401);
    expect((await rebuild(world.at.secrets.operatorToken)).status).toBe(200);
    const { number = 0, evidenceSha } = waiting.pullRequest ?? {};
    await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '');
    expect((await world.until(run, hasEnded)).run).toMatchObject({ state: 'applied' });
    const made = await ask(`MATCH (n:Tracked {kind: 'Deployment'}) RETURN n.name AS name, n.run AS run`);
    expect(made).toEqual([{ name: 'nginx', run }]);
    const id = 'k8s:staging:apps/Deployment:staging-nginx:nginx';
    const blast = await world.call('get_blast_radius', { id });
    expect(JSON.stringify(blast.data)).toContain('Service');
    expect((await (await fetch(`${world.url}/readyz`)).json()) as object).toMatchObject({ checks: { graph: 'ok' } });
  } finally {
    await world.stop();
  }
}, 120_000);
