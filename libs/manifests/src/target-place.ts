import type { ManifestTarget } from '@planwarden/contracts';

/** Whether a namespace is one of the target: a name, or a prefix ending in `*`. */
export function namespaceAllowed(target: ManifestTarget, namespace: string): boolean {
  return target.argocd.namespaces.some((allowed) =>
    allowed.endsWith('*') ? namespace.startsWith(allowed.slice(0, -1)) : namespace === allowed,
  );
}
