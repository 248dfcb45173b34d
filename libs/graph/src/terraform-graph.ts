import type { GraphEdge } from '@planwarden/contracts';
import type { GraphStore, SeenNode } from './graph-store.js';

/** A resource of a Terraform state: what it is and what it refers to, without its values. */
export interface StateResource {
  /** Without an index: all instances are one node. */
  readonly address: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly provider: string;
  readonly instances: number;
  /** Addresses, as the state lists them. */
  readonly dependencies: readonly string[];
}

/** The place in the graph of everything in one stack, as clusters are for Kubernetes. */
export const stackPlace = (stack: string): string => `terraform/${stack}`;

/** Id of a resource of a stack. @param address without an index */
export function stackNodeId(stack: string, address: string): string {
  const plain = address.replace(/\[.*$/s, '');
  const parts = plain.split('.');
  const type = parts.at(-2) ?? '';
  return `tf:${stackPlace(stack)}:/${type}:-:${plain}`;
}

/** Resources of a state as nodes and edges. Values never get in: a state holds secrets in clear. */
export function terraformToGraph(
  resources: readonly StateResource[],
  { stack, environment }: { readonly stack: string; readonly environment: string },
): { readonly nodes: SeenNode[]; readonly edges: GraphEdge[] } {
  const ids = new Set(resources.map(({ address }) => stackNodeId(stack, address)));
  return {
    nodes: resources.map(({ address, type, provider, instances, mode }) => ({
      id: stackNodeId(stack, address),
      kind: type,
      name: address,
      namespace: null,
      cluster: stackPlace(stack),
      environment,
      properties: { provider, instances, mode },
    })),
    edges: resources.flatMap(({ address, dependencies }) =>
      [...new Set(dependencies)]
        .map((to): GraphEdge => ({ from: stackNodeId(stack, address), to: stackNodeId(stack, to), kind: 'uses' }))
        .filter(({ to }) => ids.has(to)),
    ),
  };
}

/**
 * Takes a state over into the graph.
 * @param types further types to look for: one that has left the state is forgotten only where its type is named
 * @returns the snapshot's id
 */
export async function importState(options: {
  readonly store: GraphStore;
  readonly stack: string;
  readonly environment: string;
  readonly resources: readonly StateResource[];
  readonly types: readonly string[];
  /** RFC 3339, UTC. */
  readonly observedAt: string;
}): Promise<string> {
  const { store, stack, resources, observedAt } = options;
  const { nodes, edges } = terraformToGraph(resources, options);
  const kindsRead = [...new Set([...resources.map(({ type }) => type), ...options.types])].sort();
  const { snapshot } = await store.importSnapshot({
    cluster: stackPlace(stack),
    nodes,
    edges,
    coverage: { cluster: stackPlace(stack), kindsRead, kindsFailed: [], namespacesRead: [] },
    namespaces: [],
    observedAt,
  });
  return snapshot;
}
