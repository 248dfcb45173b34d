import { type BlastHit, type BlastRadius, type Facts, type GraphNode, newId } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import type { FactsQuery, GraphImport, GraphSearch, GraphStore } from './graph-store.js';
import { edgesAmong, type NodeRow, newestOf, nodeOf, nodesOf, type Queryable, reach } from './postgres-graph.reads.js';
import { forget, keep } from './postgres-graph.writes.js';

/**
 * How far and how wide facts look. Deep enough for any real chain, so that no effect is left out for its distance;
 * beyond the number a change is large whatever the exact count.
 */
const FACTS_LIMITS = { maxDepth: 50, limit: 500 };

/** The graph in Postgres: the embedded default. */
export class PostgresGraphStore implements GraphStore {
  constructor(private readonly pool: pg.Pool) {}

  async importSnapshot(seen: GraphImport): Promise<{ readonly snapshot: string }> {
    const snapshot = newId('snap');
    await withTransaction(this.pool, async (client) => {
      // Two imports of one cluster at once would take away each other's rows.
      await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('graph:' || $1, 0))`, [seen.cluster]);
      await client.query('INSERT INTO graph_snapshots (id, cluster, coverage, taken_at) VALUES ($1, $2, $3, $4)', [
        snapshot,
        seen.cluster,
        JSON.stringify(seen.coverage),
        seen.observedAt,
      ]);
      await forget(client, seen);
      await keep(client, seen.nodes, seen.edges, { source: 'import', run: null, observedAt: seen.observedAt });
    });
    return { snapshot };
  }

  async writeBack(written: Parameters<GraphStore['writeBack']>[0]): Promise<void> {
    const { run, nodes, edges, observedAt } = written;
    await withTransaction(this.pool, (client) => keep(client, nodes, edges, { source: 'run', run, observedAt }));
  }

  async get(id: string): Promise<GraphNode | null> {
    return (await nodesOf(this.pool, [id]))[0] ?? null;
  }

  async search(query: GraphSearch): Promise<{ readonly nodes: readonly GraphNode[]; readonly next: string | null }> {
    const like = query.text === undefined ? null : `%${query.text.replace(/[\\%_]/g, '\\$&')}%`;
    const { rows } = await this.pool.query<NodeRow>(
      `SELECT * FROM graph_nodes
        WHERE ($1::text IS NULL OR name ILIKE $1) AND ($2::text IS NULL OR kind = $2)
          AND ($3::text IS NULL OR namespace = $3) AND ($4::text IS NULL OR environment = $4)
          AND ($5::text IS NULL OR id > $5)
        ORDER BY id LIMIT $6`,
      [
        like,
        query.kind ?? null,
        query.namespace ?? null,
        query.environment ?? null,
        query.cursor ?? null,
        query.limit + 1,
      ],
    );
    const nodes = rows.slice(0, query.limit).map(nodeOf);
    return { nodes, next: rows.length > query.limit ? (nodes.at(-1)?.id ?? null) : null };
  }

  async blastRadius(
    id: string,
    { maxDepth, limit }: { readonly maxDepth: number; readonly limit: number },
  ): Promise<BlastRadius> {
    return this.atOneInstant(async (db) => {
      const [root] = await nodesOf(db, [id]);
      const { snapshot, coverage } = await newestOf(db, root?.cluster ?? clusterOf(id));
      const base = { root: id, snapshot, coverage };
      if (root === undefined) return { status: 'not_tracked', ...base, hits: [], truncated: false };
      const { paths, truncated } = await reach(db, [id], maxDepth, limit);
      const nodes = new Map((await nodesOf(db, [...paths.keys()])).map((node) => [node.id, node]));
      const hits = [...paths].flatMap(([reached, path]): BlastHit[] => {
        const node = nodes.get(reached);
        return node === undefined ? [] : [{ node, depth: path.length, path: [...path] }];
      });
      return { status: 'tracked', ...base, hits, truncated };
    });
  }

  async facts(query: FactsQuery): Promise<Facts> {
    return this.atOneInstant(async (db) => {
      const { snapshot, coverage } = await newestOf(db, query.cluster);
      const touched = await nodesOf(db, query.ids);
      const known = new Set(touched.map((node) => node.id));
      const { paths } = await reach(db, [...known], FACTS_LIMITS.maxDepth, FACTS_LIMITS.limit);
      const hit = await nodesOf(db, [...paths.keys()]);
      const related = [...touched, ...hit].sort((a, b) => (a.id < b.id ? -1 : 1));
      return {
        version: 'facts/1',
        snapshot,
        target: query.target,
        environment: query.environment,
        coverage,
        related,
        edges: await edgesAmong(
          db,
          related.map((node) => node.id),
        ),
        blastRadius: {
          affected: hit.length,
          notTracked: [...new Set(query.ids)].filter((id) => !known.has(id)).sort(),
        },
      };
    });
  }

  /** All reads of one answer see the same graph, though an import may commit between them. */
  private atOneInstant<T>(read: (db: Queryable) => Promise<T>): Promise<T> {
    return withTransaction(this.pool, async (client) => {
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      return read(client);
    });
  }
}

const clusterOf = (id: string): string => id.split(':')[1] ?? '';
