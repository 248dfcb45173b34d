import type { BlastHit, BlastRadius, Coverage, EdgeKind, Facts, GraphEdge, GraphNode } from '@planwarden/contracts';
import { type FactsQuery, SUFFERS } from './graph-store.js';

/** The few questions a store answers by itself; all of one answer are put to the graph of one instant. */
export interface GraphReads {
  /** Those that are tracked, ordered by id. */
  nodes(ids: readonly string[]): Promise<GraphNode[]>;
  /** Edges between tracked nodes that carry a change away from one of these, in the order of `compareEdges`. */
  leaving(ids: readonly string[]): Promise<GraphEdge[]>;
  /** Edges with both ends among these, in the order of `compareEdges`. */
  among(ids: readonly string[]): Promise<GraphEdge[]>;
  newest(cluster: string): Promise<Newest>;
}

export interface Newest {
  readonly snapshot: string;
  readonly coverage: Coverage;
}

/**
 * How far and how wide facts look. Deep enough for any real chain, so that no effect is left out for its distance;
 * beyond the number a change is large whatever the exact count.
 */
const FACTS_LIMITS = { maxDepth: 50, limit: 500 };

/** Kinds of edges by the end that suffers. */
export const REACHES: Readonly<Record<'from' | 'to', readonly EdgeKind[]>> = {
  from: (Object.keys(SUFFERS) as EdgeKind[]).filter((kind) => SUFFERS[kind] === 'from'),
  to: (Object.keys(SUFFERS) as EdgeKind[]).filter((kind) => SUFFERS[kind] === 'to'),
};

/** One order in every store, whatever its collation: else the same graph would give two facts documents. */
export function compareEdges(a: GraphEdge, b: GraphEdge): number {
  return compare(a.from, b.from) || compare(a.to, b.to) || compare(a.kind, b.kind);
}

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Of a cluster that was never imported. */
export const neverImported = (cluster: string): Newest => ({
  snapshot: 'none',
  coverage: { cluster, kindsRead: [], kindsFailed: [], namespacesRead: [] },
});

/** The place that an id names, tracked or not. */
export const clusterOf = (id: string): string => id.split(':')[1] ?? '';

export async function blastRadiusOf(
  reads: GraphReads,
  id: string,
  { maxDepth, limit }: { readonly maxDepth: number; readonly limit: number },
): Promise<BlastRadius> {
  const [root] = await reads.nodes([id]);
  const { snapshot, coverage } = await reads.newest(root?.cluster ?? clusterOf(id));
  const base = { root: id, snapshot, coverage };
  if (root === undefined) return { status: 'not_tracked', ...base, hits: [], truncated: false };
  const { paths, truncated } = await reach(reads, [id], maxDepth, limit);
  const nodes = new Map((await reads.nodes([...paths.keys()])).map((node) => [node.id, node]));
  const hits = [...paths].flatMap(([reached, path]): BlastHit[] => {
    const node = nodes.get(reached);
    return node === undefined ? [] : [{ node, depth: path.length, path: [...path] }];
  });
  return { status: 'tracked', ...base, hits, truncated };
}

export async function factsOf(reads: GraphReads, query: FactsQuery): Promise<Facts> {
  const { snapshot, coverage } = await reads.newest(query.cluster);
  const touched = await reads.nodes(query.ids);
  const known = new Set(touched.map((node) => node.id));
  const { paths } = await reach(reads, [...known], FACTS_LIMITS.maxDepth, FACTS_LIMITS.limit);
  const hit = await reads.nodes([...paths.keys()]);
  const related = [...touched, ...hit].sort((a, b) => compare(a.id, b.id));
  return {
    version: 'facts/1',
    snapshot,
    target: query.target,
    environment: query.environment,
    coverage,
    related,
    edges: await reads.among(related.map((node) => node.id)),
    blastRadius: {
      affected: hit.length,
      notTracked: [...new Set(query.ids)].filter((id) => !known.has(id)).sort(),
    },
  };
}

/** Level by level, so the first path found to a node is a shortest one, and a cycle ends by itself. */
async function reach(
  reads: GraphReads,
  roots: readonly string[],
  maxDepth: number,
  limit: number,
): Promise<{ paths: Map<string, readonly GraphEdge[]>; truncated: boolean }> {
  const paths = new Map<string, readonly GraphEdge[]>();
  const seen = new Set(roots);
  let frontier: readonly string[] = roots;
  for (let depth = 0; depth < maxDepth && frontier.length > 0; depth += 1) {
    const next: string[] = [];
    for (const edge of await reads.leaving(frontier)) {
      const [cause, effect] = SUFFERS[edge.kind] === 'to' ? [edge.from, edge.to] : [edge.to, edge.from];
      if (seen.has(effect)) continue;
      if (paths.size >= limit) return { paths, truncated: true };
      seen.add(effect);
      paths.set(effect, [...(paths.get(cause) ?? []), edge]);
      next.push(effect);
    }
    frontier = next;
  }
  return { paths, truncated: frontier.length > 0 && (await reads.leaving(frontier)).some((e) => !seen.has(far(e))) };
}

const far = (edge: GraphEdge): string => (SUFFERS[edge.kind] === 'to' ? edge.to : edge.from);
