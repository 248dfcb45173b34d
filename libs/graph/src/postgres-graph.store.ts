import { type BlastRadius, type Facts, type GraphNode, newId } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { post } from './graph-outbox.js';
import { blastRadiusOf, factsOf, type GraphReads, type Newest } from './graph-reads.js';
import type { FactsQuery, GraphImport, GraphSearch, GraphStore } from './graph-store.js';
import type { WholeGraph } from './neo4j/neo4j-graph.store.js';
import { type EdgeRow, edgeOf, type NodeRow, nodeOf, postgresReads } from './postgres-graph.reads.js';
import { forget, keep } from './postgres-graph.writes.js';

/** The graph in Postgres: the embedded default, and the record from which any other is filled. */
export class PostgresGraphStore implements GraphStore {
  /** @param outbox whether each change is posted there as well, for FedGraphStore */
  constructor(
    private readonly pool: pg.Pool,
    private readonly options: { readonly outbox: boolean } = { outbox: false },
  ) {}

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
      if (this.options.outbox) await post(client, { kind: 'import', snapshot, seen });
    });
    return { snapshot };
  }

  async writeBack(written: Parameters<GraphStore['writeBack']>[0]): Promise<void> {
    const { run, nodes, edges, observedAt } = written;
    await withTransaction(this.pool, async (client) => {
      await keep(client, nodes, edges, { source: 'run', run, observedAt });
      if (this.options.outbox) await post(client, { kind: 'write_back', written });
    });
  }

  async get(id: string): Promise<GraphNode | null> {
    return (await postgresReads(this.pool).nodes([id]))[0] ?? null;
  }

  async search(query: GraphSearch): Promise<{ readonly nodes: readonly GraphNode[]; readonly next: string | null }> {
    const like = query.text === undefined ? null : `%${query.text.replace(/[\\%_]/g, '\\$&')}%`;
    const { rows } = await this.pool.query<NodeRow>(
      `SELECT * FROM graph_nodes
        WHERE ($1::text IS NULL OR name ILIKE $1) AND ($2::text IS NULL OR kind = $2)
          AND ($3::text IS NULL OR namespace = $3) AND ($4::text[] IS NULL OR environment = ANY($4))
          AND ($5::text IS NULL OR id > $5)
        ORDER BY id LIMIT $6`,
      [
        like,
        query.kind ?? null,
        query.namespace ?? null,
        query.environments ?? null,
        query.cursor ?? null,
        query.limit + 1,
      ],
    );
    const nodes = rows.slice(0, query.limit).map(nodeOf);
    return { nodes, next: rows.length > query.limit ? (nodes.at(-1)?.id ?? null) : null };
  }

  blastRadius(id: string, limits: { readonly maxDepth: number; readonly limit: number }): Promise<BlastRadius> {
    return this.#atOneInstant((reads) => blastRadiusOf(reads, id, limits));
  }

  facts(query: FactsQuery): Promise<Facts> {
    return this.#atOneInstant((reads) => factsOf(reads, query));
  }

  /** Everything, as this transaction sees it. */
  async whole(client: pg.PoolClient): Promise<WholeGraph> {
    const nodes = await client.query<NodeRow>('SELECT * FROM graph_nodes ORDER BY id');
    const edges = await client.query<EdgeRow>('SELECT * FROM graph_edges ORDER BY from_id, to_id, kind');
    const clusters = await client.query<{ cluster: string }>('SELECT DISTINCT cluster FROM graph_snapshots');
    const newest: Newest[] = [];
    for (const { cluster } of clusters.rows) newest.push(await postgresReads(client).newest(cluster));
    return { nodes: nodes.rows.map(nodeOf), edges: edges.rows.map(edgeOf), newest };
  }

  /** All reads of one answer see the same graph, though an import may commit between them. */
  #atOneInstant<T>(read: (reads: GraphReads) => Promise<T>): Promise<T> {
    return withTransaction(this.pool, async (client) => {
      await client.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      return read(postgresReads(client));
    });
  }
}
