import { type Coverage, EDGE_KINDS, type EdgeKind, type GraphEdge, type GraphNode } from '@planwarden/contracts';
import { compareEdges, type GraphReads, neverImported, REACHES } from '../graph-reads.js';
import type { Cypher } from './neo4j-connection.js';

/** `routes_to` is ROUTES_TO: relationship types as Neo4j spells them. */
export const relationshipOf = (kind: EdgeKind): string => kind.toUpperCase();
const KIND_OF = new Map(EDGE_KINDS.map((kind) => [relationshipOf(kind), kind]));

const anyOf = (kinds: readonly EdgeKind[]): string => kinds.map(relationshipOf).join('|');
const EDGE = 'f.id AS from, t.id AS to, type(e) AS type';

export function neo4jReads(tx: Cypher): GraphReads {
  return {
    nodes: async (ids) => {
      const rows = await tx.run<NodeRow>('MATCH (n:Resource&Tracked) WHERE n.id IN $ids RETURN n {.*} ORDER BY n.id', {
        ids,
      });
      return rows.map(nodeOf);
    },
    leaving: async (ids) => {
      const rows = await tx.run<EdgeRow>(
        `MATCH (f:Resource&Tracked)-[e:${anyOf(REACHES.to)}]->(t:Resource&Tracked) WHERE f.id IN $ids RETURN ${EDGE}
         UNION ALL
         MATCH (f:Resource&Tracked)-[e:${anyOf(REACHES.from)}]->(t:Resource&Tracked) WHERE t.id IN $ids RETURN ${EDGE}`,
        { ids },
      );
      return rows.map(edgeOf).sort(compareEdges);
    },
    among: async (ids) => {
      const rows = await tx.run<EdgeRow>(
        `MATCH (f:Resource)-[e]->(t:Resource) WHERE f.id IN $ids AND t.id IN $ids RETURN ${EDGE}`,
        { ids },
      );
      return rows.map(edgeOf).sort(compareEdges);
    },
    newest: async (cluster) => {
      const [row] = await tx.run<{ snapshot: string; coverage: string }>(
        'MATCH (p:Place {cluster: $cluster}) RETURN p.snapshot AS snapshot, p.coverage AS coverage',
        { cluster },
      );
      if (row === undefined) return neverImported(cluster);
      return { snapshot: row.snapshot, coverage: JSON.parse(row.coverage) as Coverage };
    },
  };
}

/** A resource's properties; a bag of values cannot be a property and goes in as JSON text. */
export interface NodeRow {
  n: {
    id: string;
    cluster: string;
    kind: string;
    name: string;
    namespace?: string;
    environment?: string;
    properties: string;
    source: 'import' | 'run';
    run?: string;
    observedAt: string;
  };
}
interface EdgeRow {
  from: string;
  to: string;
  type: string;
}

export function nodeOf({ n }: NodeRow): GraphNode {
  return {
    id: n.id,
    kind: n.kind,
    name: n.name,
    namespace: n.namespace ?? null,
    cluster: n.cluster,
    environment: n.environment ?? null,
    properties: JSON.parse(n.properties) as GraphNode['properties'],
    provenance: { source: n.source, run: n.run ?? null, observedAt: n.observedAt },
  };
}

function edgeOf({ from, to, type }: EdgeRow): GraphEdge {
  const kind = KIND_OF.get(type);
  if (kind === undefined) throw new Error(`a relationship of type ${type} is not ours`);
  return { from, to, kind };
}
