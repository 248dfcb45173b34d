import type { ObjectRef } from '@planwarden/contracts';

/** Id of a Kubernetes object in the graph: `k8s:<cluster>:<group>/<kind>:<namespace or ->:<name>`. */
export function nodeIdOf(cluster: string, ref: Pick<ObjectRef, 'group' | 'kind' | 'namespace' | 'name'>): string {
  return `k8s:${cluster}:${ref.group}/${ref.kind}:${ref.namespace ?? '-'}:${ref.name}`;
}
