import type { GraphEdge } from '@planwarden/contracts';
import type { GraphImport, SeenNode } from './graph-store.js';

/** Edges that are written down in their `from` alone; all others are told by their `to`, or by both ends. */
export const TOLD_BY_FROM: readonly GraphEdge['kind'][] = ['mounts', 'uses', 'routes_to'];

/** `Pod`, `apps/Deployment`: group and kind of a node's id, as coverage names kinds. */
export function coveredAs(id: string): string {
  const groupKind = id.split(':')[2] ?? '';
  return groupKind.startsWith('/') ? groupKind.slice(1) : groupKind;
}

/** Namespaces that an import asked for: whole names, and beginnings. */
export function namespacesOf(seen: Pick<GraphImport, 'namespaces'>): { exact: string[]; prefixes: string[] } {
  return {
    exact: seen.namespaces.filter((name) => !name.endsWith('*')),
    prefixes: seen.namespaces.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1)),
  };
}

/** Each once, the last word counting, in one order for all: two writers never wait for each other. */
export function inOrder<N extends SeenNode>(nodes: readonly N[]): N[] {
  return [...new Map(nodes.map((node) => [node.id, node])).values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}
