import {
  type BlastHit,
  type BlastRadius,
  type Coverage,
  type Facts,
  type GraphEdge,
  type GraphNode,
  newId,
} from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import {
  type FactsQuery,
  type GraphImport,
  type GraphSearch,
  type GraphStore,
  type SeenNode,
  SUFFERS,
} from './graph-store.js';

const REACHES_TO = Object.entries(SUFFERS).flatMap(([kind, end]) => (end === 'to' ? [kind] : []));
const REACHES_FROM = Object.entries(SUFFERS).flatMap(([kind, end]) => (end === 'from' ? [kind] : []));
/**
 * How far and how wide facts look. Deep enough for any real chain, so that no effect is left out for its distance;
 * beyond the number a change is large whatever the exact count.
 */
const FACTS_LIMITS = { maxDepth: 50, limit: 500 };
/** Edges that are written down in their `from` alone; all others are told by their `to`, or by both ends. */
const TOLD_BY_FROM: readonly GraphEdge['kind'][] = ['mounts', 'uses', 'routes_to'];

type Queryable = Pick<pg.PoolClient, 'query'>;

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

/** Level by level, so the first path found to a node is a shortest one, and a cycle ends by itself. */
async function reach(
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

async function edgesAmong(db: Queryable, ids: readonly string[]): Promise<GraphEdge[]> {
  const { rows } = await db.query<EdgeRow>(
    'SELECT * FROM graph_edges WHERE from_id = ANY($1) AND to_id = ANY($1) ORDER BY from_id, to_id, kind',
    [ids],
  );
  return rows.map(edgeOf);
}

async function nodesOf(db: Queryable, ids: readonly string[]): Promise<GraphNode[]> {
  const { rows } = await db.query<NodeRow>('SELECT * FROM graph_nodes WHERE id = ANY($1) ORDER BY id', [ids]);
  return rows.map(nodeOf);
}

async function newestOf(db: Queryable, cluster: string): Promise<{ snapshot: string; coverage: Coverage }> {
  const { rows } = await db.query<{ id: string; coverage: Coverage }>(
    'SELECT id, coverage FROM graph_snapshots WHERE cluster = $1 ORDER BY position DESC LIMIT 1',
    [cluster],
  );
  const row = rows[0];
  if (row) return { snapshot: row.id, coverage: row.coverage };
  return { snapshot: 'none', coverage: { cluster, kindsRead: [], kindsFailed: [], namespacesRead: [] } };
}

const far = (edge: GraphEdge): string => (SUFFERS[edge.kind] === 'to' ? edge.to : edge.from);
const clusterOf = (id: string): string => id.split(':')[1] ?? '';

/** Takes away what the import covered; what it saw again is put back by `keep`. */
async function forget(client: pg.PoolClient, seen: GraphImport): Promise<void> {
  const exact = seen.namespaces.filter((name) => !name.endsWith('*'));
  const prefixes = seen.namespaces.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
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

async function keep(
  client: pg.PoolClient,
  nodes: readonly SeenNode[],
  edges: readonly GraphEdge[],
  from: { readonly source: 'import' | 'run'; readonly run: string | null; readonly observedAt: string },
): Promise<void> {
  // One statement must not meet a row twice; one order for all keeps two writers from waiting for each other.
  const unique = [...new Map(nodes.map((node) => [node.id, node])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
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

/** `Pod`, `apps/Deployment`: group and kind of a node's id, as coverage names kinds. */
function coveredAs(id: string): string {
  const groupKind = id.split(':')[2] ?? '';
  return groupKind.startsWith('/') ? groupKind.slice(1) : groupKind;
}

interface NodeRow {
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

function nodeOf(row: NodeRow): GraphNode {
  const { id, kind, name, namespace, cluster, environment, properties, source, run } = row;
  const provenance = { source, run, observedAt: row.observed_at.toISOString() };
  return { id, kind, name, namespace, cluster, environment, properties, provenance };
}

const edgeOf = (row: EdgeRow): GraphEdge => ({ from: row.from_id, to: row.to_id, kind: row.kind });
