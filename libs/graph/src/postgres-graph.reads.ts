import type { Coverage, GraphEdge, GraphNode } from '@planwarden/contracts';
import type pg from 'pg';
import { compareEdges, type GraphReads, neverImported, REACHES } from './graph-reads.js';

/** The pool, or one connection inside a transaction. */
export type Queryable = Pick<pg.PoolClient, 'query'>;

export function postgresReads(db: Queryable): GraphReads {
  return {
    nodes: async (ids) => {
      const { rows } = await db.query<NodeRow>('SELECT * FROM graph_nodes WHERE id = ANY($1) ORDER BY id COLLATE "C"', [
        ids,
      ]);
      return rows.map(nodeOf);
    },
    leaving: async (ids) => {
      const { rows } = await db.query<EdgeRow>(
        `SELECT e.* FROM graph_edges e
           JOIN graph_nodes f ON f.id = e.from_id JOIN graph_nodes t ON t.id = e.to_id
          WHERE (e.kind = ANY($2) AND e.from_id = ANY($1)) OR (e.kind = ANY($3) AND e.to_id = ANY($1))`,
        [ids, REACHES.to, REACHES.from],
      );
      return rows.map(edgeOf).sort(compareEdges);
    },
    among: async (ids) => {
      const { rows } = await db.query<EdgeRow>(
        'SELECT * FROM graph_edges WHERE from_id = ANY($1) AND to_id = ANY($1)',
        [ids],
      );
      return rows.map(edgeOf).sort(compareEdges);
    },
    newest: async (cluster) => {
      const { rows } = await db.query<{ id: string; coverage: Coverage }>(
        'SELECT id, coverage FROM graph_snapshots WHERE cluster = $1 ORDER BY position DESC LIMIT 1',
        [cluster],
      );
      const row = rows[0];
      return row ? { snapshot: row.id, coverage: row.coverage } : neverImported(cluster);
    },
  };
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
export interface EdgeRow {
  from_id: string;
  to_id: string;
  kind: GraphEdge['kind'];
}

export function nodeOf(row: NodeRow): GraphNode {
  const { id, kind, name, namespace, cluster, environment, properties, source, run } = row;
  const provenance = { source, run, observedAt: row.observed_at.toISOString() };
  return { id, kind, name, namespace, cluster, environment, properties, provenance };
}

export const edgeOf = (row: EdgeRow): GraphEdge => ({ from: row.from_id, to: row.to_id, kind: row.kind });
