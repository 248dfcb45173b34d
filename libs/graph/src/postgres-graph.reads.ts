import type { Coverage, GraphEdge, GraphNode } from '@planwarden/contracts';
import type pg from 'pg';
import { SUFFERS } from './graph-store.js';

/** The pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.PoolClient, 'query'>;

const REACHES_TO = Object.entries(SUFFERS).flatMap(([kind, end]) => (end === 'to' ? [kind] : []));
const REACHES_FROM = Object.entries(SUFFERS).flatMap(([kind, end]) => (end === 'from' ? [kind] : []));
const far = (edge: GraphEdge): string => (SUFFERS[edge.kind] === 'to' ? edge.to : edge.from);

/** Level by level, so the first path found to a node is a shortest one, and a cycle ends by itself. */
export async function reach(
  db: Queryable,
  roots: readonly string[],
  maxDepth: number,
  limit: number,
): Promise<{ paths: Map<string, readonly GraphEdge[]>; truncated: boolean }> {
  const paths = new Map<string, readonly GraphEdge[]>();
  const seen = new Set(roots);
  let frontier: readonly string[] = roots;
  for (let depth = 0; depth < maxDepth && frontier.length > 0; depth += 1) {
    const next: string[] = [];
    for (const edge of await leaving(db, frontier)) {
      const [cause, effect] = SUFFERS[edge.kind] === 'to' ? [edge.from, edge.to] : [edge.to, edge.from];
      if (seen.has(effect)) continue;
      if (paths.size >= limit) return { paths, truncated: true };
      seen.add(effect);
      paths.set(effect, [...(paths.get(cause) ?? []), edge]);
      next.push(effect);
    }
    frontier = next;
  }
  return { paths, truncated: frontier.length > 0 && (await leaving(db, frontier)).some((e) => !seen.has(far(e))) };
}

/** Edges between tracked nodes that carry a change away from one of these. */
async function leaving(db: Queryable, ids: readonly string[]): Promise<GraphEdge[]> {
  const { rows } = await db.query<EdgeRow>(
    `SELECT e.* FROM graph_edges e
       JOIN graph_nodes f ON f.id = e.from_id JOIN graph_nodes t ON t.id = e.to_id
      WHERE (e.kind = ANY($2) AND e.from_id = ANY($1)) OR (e.kind = ANY($3) AND e.to_id = ANY($1))
      ORDER BY e.from_id, e.to_id, e.kind`,
    [ids, REACHES_TO, REACHES_FROM],
  );
  return rows.map(edgeOf);
}

export async function edgesAmong(db: Queryable, ids: readonly string[]): Promise<GraphEdge[]> {
  const { rows } = await db.query<EdgeRow>(
    'SELECT * FROM graph_edges WHERE from_id = ANY($1) AND to_id = ANY($1) ORDER BY from_id, to_id, kind',
    [ids],
  );
  return rows.map(edgeOf);
}

export async function nodesOf(db: Queryable, ids: readonly string[]): Promise<GraphNode[]> {
  const { rows } = await db.query<NodeRow>('SELECT * FROM graph_nodes WHERE id = ANY($1) ORDER BY id', [ids]);
  return rows.map(nodeOf);
}

export async function newestOf(db: Queryable, cluster: string): Promise<{ snapshot: string; coverage: Coverage }> {
  const { rows } = await db.query<{ id: string; coverage: Coverage }>(
    'SELECT id, coverage FROM graph_snapshots WHERE cluster = $1 ORDER BY position DESC LIMIT 1',
    [cluster],
  );
  const row = rows[0];
  if (row) return { snapshot: row.id, coverage: row.coverage };
  return { snapshot: 'none', coverage: { cluster, kindsRead: [], kindsFailed: [], namespacesRead: [] } };
}

export interface NodeRow {
  id: string;
  cluster: string;
  kind: string;
  name: string;
  namespace: string | null;
  environment: string | null;
  properties: Record<string, unknown>;
  source: 'import' | 'run';
  run: string | null;
  observed_at: Date;
}
interface EdgeRow {
  from_id: string;
  to_id: string;
  kind: GraphEdge['kind'];
}

export function nodeOf(row: NodeRow): GraphNode {
  const { id, kind, name, namespace, cluster, environment, properties, source, run } = row;
  const provenance = { source, run, observedAt: row.observed_at.toISOString() };
  return { id, kind, name, namespace, cluster, environment, properties, provenance };
}

const edgeOf = (row: EdgeRow): GraphEdge => ({ from: row.from_id, to: row.to_id, kind: row.kind });
