import { type BlastRadius, type Facts, type GraphEdge, type GraphNode, newId } from '@planwarden/contracts';
import { blastRadiusOf, clusterOf, factsOf, type GraphReads, type Newest } from '../graph-reads.js';
import type { FactsQuery, GraphImport, GraphSearch, GraphStore } from '../graph-store.js';
import { type Cypher, Neo4jConnection, type Neo4jOptions, wholeNumber } from './neo4j-connection.js';
import { type NodeRow, neo4jReads, nodeOf } from './neo4j-graph.reads.js';
import { forget, keep } from './neo4j-graph.writes.js';

/** Everything of a graph, to fill another with. */
export interface WholeGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  readonly newest: readonly Newest[];
}

/** Uniqueness first: without it two writers at once make one resource twice. Each is safe to run again. */
const SCHEMA = [
  'CREATE CONSTRAINT planwarden_resource IF NOT EXISTS FOR (n:Resource) REQUIRE n.id IS UNIQUE',
  'CREATE CONSTRAINT planwarden_place IF NOT EXISTS FOR (p:Place) REQUIRE p.cluster IS UNIQUE',
  'CREATE CONSTRAINT planwarden_feed IF NOT EXISTS FOR (f:Feed) REQUIRE f.name IS UNIQUE',
  'CREATE INDEX planwarden_tracked IF NOT EXISTS FOR (n:Tracked) ON (n.cluster)',
];

/** The graph in Neo4j (5.26 Community is enough). Not-null and types are held here: Community has no such constraints. */
export class Neo4jGraphStore implements GraphStore {
  readonly #connection: Neo4jConnection;

  private constructor(options: Neo4jOptions) {
    this.#connection = new Neo4jConnection(options);
  }

  /**
   * Connects and prepares the database.
   * @throws PlanwardenError OUTSIDE_UNAVAILABLE, OUTSIDE_REFUSED
   */
  static async open(options: Neo4jOptions): Promise<Neo4jGraphStore> {
    const store = new Neo4jGraphStore(options);
    try {
      await store.check();
      for (const statement of SCHEMA) await store.#connection.ensure(statement);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  check(): Promise<void> {
    return this.#connection.check();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async importSnapshot(seen: GraphImport): Promise<{ readonly snapshot: string }> {
    const snapshot = newId('snap');
    await this.#connection.transaction((tx) => importInto(tx, snapshot, seen));
    return { snapshot };
  }

  async writeBack(written: Parameters<GraphStore['writeBack']>[0]): Promise<void> {
    await this.#connection.transaction((tx) => writeInto(tx, written));
  }

  /**
   * Applies what another store recorded, once: an entry at or below the last position is passed over.
   * @param position of the entry in the feed; they rise
   */
  async apply(position: number, entry: FeedEntry): Promise<void> {
    await this.#connection.transaction(async (tx) => {
      if ((await fedUpTo(tx)) >= position) return;
      if (entry.kind === 'import') await importInto(tx, entry.snapshot, entry.seen);
      else await writeInto(tx, entry.written);
      await moveFeed(tx, position);
    });
  }

  /** Position of the last entry applied; null: nothing was ever fed. */
  async fedUpTo(): Promise<number | null> {
    const position = await this.#connection.transaction(fedUpTo);
    return position < 0 ? null : position;
  }

  /** Replaces everything, in one transaction: a reader meets the old graph or the new one. */
  async replace(position: number, whole: WholeGraph): Promise<void> {
    await this.#connection.transaction(async (tx) => {
      await fedUpTo(tx);
      for (const { cluster } of await places(tx)) await lock(tx, cluster);
      await tx.run('MATCH (n:Resource) DETACH DELETE n', {});
      await tx.run('MATCH (p:Place) DELETE p', {});
      for (const newest of whole.newest) await setNewest(tx, newest);
      await keep(tx, whole.nodes, whole.edges);
      await moveFeed(tx, position);
    });
  }

  async get(id: string): Promise<GraphNode | null> {
    return (await this.#connection.transaction((tx) => neo4jReads(tx).nodes([id])))[0] ?? null;
  }

  async search(query: GraphSearch): Promise<{ readonly nodes: readonly GraphNode[]; readonly next: string | null }> {
    const rows = await this.#connection.transaction((tx) =>
      tx.run<NodeRow>(
        `MATCH (n:Tracked)
          WHERE ($text IS NULL OR toLower(n.name) CONTAINS toLower($text)) AND ($kind IS NULL OR n.kind = $kind)
            AND ($namespace IS NULL OR n.namespace = $namespace)
            AND ($environments IS NULL OR n.environment IN $environments) AND ($cursor IS NULL OR n.id > $cursor)
         RETURN n {.*} ORDER BY n.id LIMIT $limit`,
        {
          text: query.text ?? null,
          kind: query.kind ?? null,
          namespace: query.namespace ?? null,
          environments: query.environments ?? null,
          cursor: query.cursor ?? null,
          limit: wholeNumber(query.limit + 1),
        },
      ),
    );
    const nodes = rows.slice(0, query.limit).map(nodeOf);
    return { nodes, next: rows.length > query.limit ? (nodes.at(-1)?.id ?? null) : null };
  }

  blastRadius(id: string, limits: { readonly maxDepth: number; readonly limit: number }): Promise<BlastRadius> {
    return this.#atOneInstant(clusterOf(id), (reads) => blastRadiusOf(reads, id, limits));
  }

  facts(query: FactsQuery): Promise<Facts> {
    return this.#atOneInstant(query.cluster, (reads) => factsOf(reads, query));
  }

  /**
   * All reads of one answer see the same graph. Neo4j reads what is committed, query by query, and keeps no old
   * versions: so the place is locked against an import for the few milliseconds that an answer takes.
   */
  #atOneInstant<T>(cluster: string, read: (reads: GraphReads) => Promise<T>): Promise<T> {
    return this.#connection.transaction(async (tx) => {
      for (;;) {
        const before = await lock(tx, cluster);
        const answer = await read(neo4jReads(tx));
        // There was nothing to lock: a first import may have come in between.
        if (before || !(await lock(tx, cluster))) return answer;
      }
    });
  }
}

/** What is written in one store and carried into another. */
export type FeedEntry =
  | { readonly kind: 'import'; readonly snapshot: string; readonly seen: GraphImport }
  | { readonly kind: 'write_back'; readonly written: Parameters<GraphStore['writeBack']>[0] };

async function importInto(tx: Cypher, snapshot: string, seen: GraphImport): Promise<void> {
  // First, and it locks the place: two imports of one cluster at once would take away each other's resources.
  await setNewest(tx, { snapshot, coverage: { ...seen.coverage, cluster: seen.cluster } });
  await forget(tx, seen);
  const provenance = { source: 'import' as const, run: null, observedAt: seen.observedAt };
  const nodes = seen.nodes.map((node) => ({ ...node, provenance }));
  await keep(tx, nodes, seen.edges);
}

async function writeInto(tx: Cypher, written: Parameters<GraphStore['writeBack']>[0]): Promise<void> {
  const provenance = { source: 'run' as const, run: written.run, observedAt: written.observedAt };
  for (const cluster of new Set(written.nodes.map((node) => node.cluster))) await lock(tx, cluster);
  const nodes = written.nodes.map((node) => ({ ...node, provenance }));
  await keep(tx, nodes, written.edges);
}

async function setNewest(tx: Cypher, { snapshot, coverage }: Newest): Promise<void> {
  await tx.run('MERGE (p:Place {cluster: $cluster}) SET p.snapshot = $snapshot, p.coverage = $coverage', {
    cluster: coverage.cluster,
    snapshot,
    coverage: JSON.stringify(coverage),
  });
}

/** Setting a property takes the write lock until the transaction ends. @returns whether there was a place to lock */
async function lock(tx: Cypher, cluster: string): Promise<boolean> {
  const rows = await tx.run('MATCH (p:Place {cluster: $cluster}) SET p.locked = true RETURN p.cluster AS cluster', {
    cluster,
  });
  return rows.length > 0;
}

const places = (tx: Cypher): Promise<{ cluster: string }[]> =>
  tx.run<{ cluster: string }>('MATCH (p:Place) RETURN p.cluster AS cluster ORDER BY cluster', {});

/** Also locks the feed: entries are applied one after the other, whoever applies them. -1: nothing yet. */
async function fedUpTo(tx: Cypher): Promise<number> {
  const [row] = await tx.run<{ position: number }>(
    "MERGE (f:Feed {name: 'graph'}) SET f.locked = true RETURN coalesce(f.position, -1) AS position",
    {},
  );
  return row?.position ?? -1;
}

async function moveFeed(tx: Cypher, position: number): Promise<void> {
  await tx.run("MATCH (f:Feed {name: 'graph'}) SET f.position = $position", { position: wholeNumber(position) });
}
