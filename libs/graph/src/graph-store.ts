import type { BlastRadius, Coverage, EdgeKind, Facts, GraphEdge, GraphNode } from '@planwarden/contracts';

/** Resources as a reader of the outside saw them; where they come from is the store's to say. */
export type SeenNode = Omit<GraphNode, 'provenance'>;

export interface GraphImport {
  readonly cluster: string;
  readonly nodes: readonly SeenNode[];
  readonly edges: readonly GraphEdge[];
  readonly coverage: Coverage;
  /** Namespaces that were asked for: names, or prefixes ending in `*`. What lies in them and was not seen is gone. */
  readonly namespaces: readonly string[];
  /** RFC 3339, UTC. */
  readonly observedAt: string;
}

export interface GraphSearch {
  /** Part of a name, any case. */
  readonly text?: string;
  readonly kind?: string;
  readonly namespace?: string;
  /** Only of these: what lies elsewhere is not even a place to go on from. */
  readonly environments?: readonly string[];
  readonly limit: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

export interface FactsQuery {
  readonly target: string;
  readonly environment: string;
  readonly cluster: string;
  /** Ids of the nodes a change touches. */
  readonly ids: readonly string[];
}

/** The infrastructure graph. Every implementation passes the same contract suite. */
export interface GraphStore {
  /** Takes over what was read: kinds that were covered are replaced, kinds that could not be read stay as they were. */
  importSnapshot(seen: GraphImport): Promise<{ readonly snapshot: string }>;
  /** What a run made, with the run as its source. Importing it again later keeps that source. */
  writeBack(written: {
    readonly run: string;
    readonly nodes: readonly SeenNode[];
    readonly edges: readonly GraphEdge[];
    /** RFC 3339, UTC. */
    readonly observedAt: string;
  }): Promise<void>;
  get(id: string): Promise<GraphNode | null>;
  search(query: GraphSearch): Promise<{ readonly nodes: readonly GraphNode[]; readonly next: string | null }>;
  /** What suffers when a node changes, nearest first, each with the path that explains it. */
  blastRadius(id: string, limits: { readonly maxDepth: number; readonly limit: number }): Promise<BlastRadius>;
  /** One document for policy, from the newest snapshot of the cluster. */
  facts(query: FactsQuery): Promise<Facts>;
}

/**
 * Which end of an edge suffers when the other changes. `to`: a change of `from` reaches `to` (a Deployment and its
 * pods); `from`: a change of `to` reaches `from` (a Service and what it selects).
 */
export const SUFFERS: Readonly<Record<EdgeKind, 'from' | 'to'>> = {
  owns: 'to',
  contains: 'to',
  manages: 'to',
  guards: 'to',
  selects: 'from',
  routes_to: 'from',
  mounts: 'from',
  uses: 'from',
};
