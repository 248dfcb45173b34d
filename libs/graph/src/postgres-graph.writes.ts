import type { GraphEdge } from '@planwarden/contracts';
import type pg from 'pg';
import { coveredAs, inOrder, namespacesOf, TOLD_BY_FROM } from './covered.js';
import type { GraphImport, SeenNode } from './graph-store.js';

/** Takes away what the import covered; what it saw again is put back by `keep`. */
export async function forget(client: pg.PoolClient, seen: GraphImport): Promise<void> {
  const { exact, prefixes } = namespacesOf(seen);
  const { rows } = await client.query<{ id: string }>(
    `SELECT id FROM graph_nodes
      WHERE cluster = $1 AND covered_as = ANY($2)
        AND (COALESCE(namespace, CASE WHEN kind = 'Namespace' THEN name END) IS NULL
          OR COALESCE(namespace, name) = ANY($3)
          OR EXISTS (SELECT 1 FROM unnest($4::text[]) prefix WHERE starts_with(COALESCE(namespace, name), prefix)))`,
    [seen.cluster, seen.coverage.kindsRead, exact, prefixes],
  );
  const still = new Set(seen.nodes.map((node) => node.id));
  const covered = rows.map((row) => row.id);
  const gone = covered.filter((id) => !still.has(id));
  // An edge that its other end tells of stays while that end could not be read: else an outage would look like safety.
  await client.query(
    `DELETE FROM graph_edges
      WHERE from_id = ANY($2) OR (from_id = ANY($1) AND (kind = ANY($3) OR to_id = ANY($1)
        OR NOT EXISTS (SELECT 1 FROM graph_nodes WHERE id = to_id)))`,
    [covered, gone, TOLD_BY_FROM],
  );
  await client.query('DELETE FROM graph_nodes WHERE id = ANY($1)', [gone]);
}

export async function keep(
  client: pg.PoolClient,
  nodes: readonly SeenNode[],
  edges: readonly GraphEdge[],
  from: { readonly source: 'import' | 'run'; readonly run: string | null; readonly observedAt: string },
): Promise<void> {
  // One statement must not meet a row twice.
  const unique = inOrder(nodes);
  await client.query(
    `INSERT INTO graph_nodes
       (id, cluster, kind, covered_as, name, namespace, environment, properties, source, run, observed_at)
     SELECT n.*, $2, $3, $4 FROM jsonb_to_recordset($1) AS n
       (id text, cluster text, kind text, covered_as text, name text, namespace text, environment text, properties jsonb)
     ON CONFLICT (id) DO UPDATE SET environment = excluded.environment, properties = excluded.properties,
       observed_at = excluded.observed_at,
       -- What a run made stays the run's work, however often it is seen again.
       source = CASE WHEN excluded.source = 'run' THEN 'run' ELSE graph_nodes.source END,
       run = CASE WHEN excluded.source = 'run' THEN excluded.run ELSE graph_nodes.run END`,
    [
      JSON.stringify(unique.map((node) => ({ ...node, covered_as: coveredAs(node.id) }))),
      from.source,
      from.run,
      from.observedAt,
    ],
  );
  await client.query(
    `INSERT INTO graph_edges (from_id, to_id, kind)
     SELECT DISTINCT e."from", e."to", e.kind FROM jsonb_to_recordset($1) AS e ("from" text, "to" text, kind text)
      ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`,
    [JSON.stringify(edges)],
  );
}
