import type { EdgeKind, Facts, GraphNode } from '@planwarden/contracts';

/** One resource the change reaches, with the way the graph knows it. */
export interface Reached {
  readonly node: GraphNode;
  /** `touched`: the change itself writes it. */
  readonly how: 'touched' | 'reached';
  /** Sentences from the changed object to this one; empty where it is touched, or where no path is recorded. */
  readonly path: readonly string[];
}

const EDGE_WORDS: Readonly<Record<EdgeKind, string>> = {
  owns: 'owns',
  selects: 'selects',
  routes_to: 'routes to',
  mounts: 'mounts',
  uses: 'uses',
  contains: 'contains',
  manages: 'manages',
  guards: 'guards',
};

/** What the change reaches, nearest first, each with the shortest path from a changed object. */
export function reachedBy(facts: Facts, changed: readonly string[]): Reached[] {
  const related = new Map(facts.related.map((node) => [node.id, node]));
  const roots = new Set(changed.filter((id) => related.has(id)));
  const paths = new Map<string, readonly string[]>([...roots].map((id) => [id, []]));
  const queue = [...roots];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const edge of facts.edges) {
      if (edge.from !== at && edge.to !== at) continue;
      const next = edge.from === at ? edge.to : edge.from;
      if (paths.has(next)) continue;
      const step = `${nodeName(edge.from)} ${EDGE_WORDS[edge.kind]} ${nodeName(edge.to)}`;
      paths.set(next, [...(paths.get(at) ?? []), step]);
      queue.push(next);
    }
  }
  return facts.related
    .map((node): Reached => ({ node, how: roots.has(node.id) ? 'touched' : 'reached', path: paths.get(node.id) ?? [] }))
    .toSorted((a, b) => far(a) - far(b) || a.node.id.localeCompare(b.node.id));
}

/** A node's id as people say it: `k8s:c:apps/Deployment:shop:web` is `Deployment shop/web`. */
export function nodeName(id: string): string {
  const [, , groupKind, namespace, ...name] = id.split(':');
  const kind = groupKind?.split('/').at(-1);
  if (!kind || namespace === undefined || name.length === 0) return id;
  return namespace === '-' ? `${kind} ${name.join(':')}` : `${kind} ${namespace}/${name.join(':')}`;
}

const far = (one: Reached): number => (one.how === 'touched' ? 0 : one.path.length || Number.MAX_SAFE_INTEGER);
