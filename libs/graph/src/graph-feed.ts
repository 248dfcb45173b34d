import type { BlastRadius, Facts, GraphNode } from '@planwarden/contracts';
import { withTransaction } from '@planwarden/database';
import type pg from 'pg';
import { holdOutbox, isEmpty, lastPosition, oldest, removeUpTo } from './graph-outbox.js';
import type { FactsQuery, GraphImport, GraphSearch, GraphStore } from './graph-store.js';
import type { Neo4jGraphStore } from './neo4j/neo4j-graph.store.js';
import type { PostgresGraphStore } from './postgres-graph.store.js';

export type { FeedEntry } from './neo4j/neo4j-graph.store.js';

/**
 * Neo4j as the graph that is read, Postgres as the one that is recorded: each change goes into the tables and the
 * outbox in one transaction, and from the outbox into Neo4j, in order, once. Neo4j can be lost and filled again.
 */
export class FedGraphStore implements GraphStore {
  /** @param recorded made with `outbox: true` */
  constructor(
    private readonly pool: pg.Pool,
    private readonly recorded: PostgresGraphStore,
    private readonly projection: Neo4jGraphStore,
  ) {}

  /** Brings Neo4j up to date, from nothing when it is empty. @throws PlanwardenError OUTSIDE_UNAVAILABLE */
  async start(): Promise<void> {
    const fed = await this.projection.fedUpTo();
    // Ahead of its source: Postgres was restored from a backup, and entries to come would pass for old ones.
    const isForeign = fed === null || fed > (await withTransaction(this.pool, lastPosition));
    if (isForeign) await this.rebuild();
    else await this.catchUp();
  }

  /** Recorded even when this throws: Neo4j takes it over as soon as it answers. */
  async importSnapshot(seen: GraphImport): Promise<{ readonly snapshot: string }> {
    const imported = await this.recorded.importSnapshot(seen);
    await this.catchUp();
    return imported;
  }

  async writeBack(written: Parameters<GraphStore['writeBack']>[0]): Promise<void> {
    await this.recorded.writeBack(written);
    await this.catchUp();
  }

  async get(id: string): Promise<GraphNode | null> {
    return (await this.#current()).get(id);
  }

  async search(query: GraphSearch): Promise<{ readonly nodes: readonly GraphNode[]; readonly next: string | null }> {
    return (await this.#current()).search(query);
  }

  async blastRadius(id: string, limits: { readonly maxDepth: number; readonly limit: number }): Promise<BlastRadius> {
    return (await this.#current()).blastRadius(id, limits);
  }

  async facts(query: FactsQuery): Promise<Facts> {
    return (await this.#current()).facts(query);
  }

  /** Carries everything in the outbox into Neo4j. */
  async catchUp(): Promise<void> {
    // One entry a transaction: an entry that went through is never held up by the next one.
    while (!(await isEmpty(this.pool))) {
      await withTransaction(this.pool, async (client) => {
        await holdOutbox(client);
        const next = await oldest(client);
        if (next === null) return;
        await this.projection.apply(next.position, next.entry);
        await removeUpTo(client, next.position);
      });
    }
  }

  /** Fills Neo4j again with what Postgres holds, in one step. @returns what it now holds */
  async rebuild(): Promise<{ readonly nodes: number; readonly edges: number }> {
    return withTransaction(this.pool, async (client) => {
      // Every writer posts before it commits: from here on the tables are those of the last position.
      await holdOutbox(client);
      const position = await lastPosition(client);
      const whole = await this.recorded.whole(client);
      await this.projection.replace(position, whole);
      await removeUpTo(client, position);
      return { nodes: whole.nodes.length, edges: whole.edges.length };
    });
  }

  /** What another process recorded is seen too. */
  async #current(): Promise<Neo4jGraphStore> {
    await this.catchUp();
    return this.projection;
  }
}
