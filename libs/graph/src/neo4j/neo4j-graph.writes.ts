import { EDGE_KINDS, type EdgeKind, type GraphEdge, type GraphNode } from '@planwarden/contracts';
import { coveredAs, inOrder, namespacesOf, TOLD_BY_FROM } from '../covered.js';
import type { GraphImport } from '../graph-store.js';
import type { Cypher } from './neo4j-connection.js';
import { relationshipOf } from './neo4j-graph.reads.js';

/** Nodes or edges of one statement. */
const BATCH = 5_000;

/**
 * Takes away what the import covered; what it saw again is put back by `keep`. A relationship needs both ends, so a
 * resource that is gone stays without its label Tracked for as long as another still tells of it.
 */
export async function forget(tx: Cypher, seen: GraphImport): Promise<void> {
  const rows = await tx.run<{ id: string }>(
    `MATCH (n:Tracked {cluster: $cluster}) WHERE n.coveredAs IN $kinds
     WITH n, coalesce(n.namespace, CASE WHEN n.kind = 'Namespace' THEN n.name END) AS namespace
     WHERE namespace IS NULL OR namespace IN $exact OR any(prefix IN $prefixes WHERE namespace STARTS WITH prefix)
     RETURN n.id AS id`,
    { cluster: seen.cluster, kinds: seen.coverage.kindsRead, ...namespacesOf(seen) },
  );
  const still = new Set(seen.nodes.map((node) => node.id));
  const covered = rows.map((row) => row.id);
  const gone = covered.filter((id) => !still.has(id));
  // An edge that its other end tells of stays while that end could not be read: else an outage would look like safety.
  const ends = await tx.run<{ id: string }>(
    `MATCH (f:Resource)-[e]->(t:Resource) WHERE f.id IN $covered
       AND (f.id IN $gone OR type(e) IN $told OR t.id IN $covered OR NOT t:Tracked)
     DELETE e RETURN DISTINCT t.id AS id`,
    { covered, gone, told: TOLD_BY_FROM.map(relationshipOf) },
  );
  await tx.run('MATCH (n:Resource) WHERE n.id IN $gone REMOVE n:Tracked SET n = {id: n.id}', { gone });
  await tx.run('MATCH (n:Resource) WHERE n.id IN $ids AND NOT n:Tracked AND NOT EXISTS { (n)--() } DELETE n', {
    ids: [...gone, ...ends.map((end) => end.id)],
  });
}

export async function keep(tx: Cypher, nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Promise<void> {
  for (const some of batches(inOrder(nodes))) {
    await tx.run(
      `UNWIND $rows AS row MERGE (n:Resource {id: row.id})
       SET n:Tracked, n.cluster = row.cluster, n.kind = row.kind, n.coveredAs = row.coveredAs, n.name = row.name,
         n.namespace = row.namespace, n.environment = row.environment, n.properties = row.properties,
         n.observedAt = row.observedAt,
         // What a run made stays the run's work, however often it is seen again.
         n.run = CASE WHEN row.source = 'run' THEN row.run ELSE n.run END,
         n.source = CASE WHEN row.source = 'run' THEN 'run' ELSE coalesce(n.source, 'import') END`,
      { rows: some.map(rowOf) },
    );
  }
  for (const kind of EDGE_KINDS) {
    for (const some of batches(edges.filter((edge) => edge.kind === kind))) await relate(tx, kind, some);
  }
}

/** A type of relationship cannot be a parameter; these come from our own closed list. */
async function relate(tx: Cypher, kind: EdgeKind, edges: readonly GraphEdge[]): Promise<void> {
  await tx.run(
    `UNWIND $edges AS edge MERGE (f:Resource {id: edge.from}) MERGE (t:Resource {id: edge.to})
     MERGE (f)-[:${relationshipOf(kind)}]->(t)`,
    { edges: edges.map(({ from, to }) => ({ from, to })) },
  );
}

function rowOf(node: GraphNode): Readonly<Record<string, unknown>> {
  const { id, cluster, kind, name, namespace, environment, properties, provenance } = node;
  return {
    ...{ id, cluster, kind, name, namespace, environment, coveredAs: coveredAs(id) },
    properties: JSON.stringify(properties),
    source: provenance.source,
    run: provenance.run,
    observedAt: new Date(provenance.observedAt).toISOString(),
  };
}

function* batches<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < all.length; at += BATCH) yield all.slice(at, at + BATCH);
}
