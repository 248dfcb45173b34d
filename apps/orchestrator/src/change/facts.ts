import type { Facts, ManifestTarget, ObjectRef, Plan, Target } from '@planwarden/contracts';
import { factsDigest, importCluster, nodeIdOf } from '@planwarden/graph';
import type { ChangeServices } from './change.services.js';
import { manifestPlan, resourcesOf } from './of-kind.js';
import { stackFacts } from './terraform/state-facts.js';

/** Kinds the graph reads of a cluster. */
const KINDS = [
  { group: '', version: 'v1', kind: 'Namespace' },
  { group: 'apps', version: 'v1', kind: 'Deployment' },
  { group: 'apps', version: 'v1', kind: 'ReplicaSet' },
  { group: '', version: 'v1', kind: 'Pod' },
  { group: '', version: 'v1', kind: 'Service' },
  { group: '', version: 'v1', kind: 'ConfigMap' },
  { group: '', version: 'v1', kind: 'ServiceAccount' },
  { group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy' },
  { group: 'networking.k8s.io', version: 'v1', kind: 'Ingress' },
  { group: 'argoproj.io', version: 'v1alpha1', kind: 'Application' },
] as const;

/** Reads the target's part of the cluster into the graph. @returns the snapshot's id */
export async function refreshGraph(
  { graph, cluster, config }: Pick<ChangeServices, 'graph' | 'cluster' | 'config'>,
  target: ManifestTarget,
): Promise<string> {
  const { snapshot } = await importCluster({
    reader: cluster(target.cluster),
    store: graph,
    cluster: target.cluster,
    kinds: KINDS,
    namespaces: [...target.argocd.namespaces, target.argocd.namespace],
    environmentOf: environmentsOf(config.current().targets, target.cluster),
  });
  return snapshot;
}

/** What policy may know about what a plan touches, from a fresh look. */
export function factsOfPlan(
  services: ChangeServices,
  target: Target,
  plan: Plan,
): Promise<{ readonly facts: Facts; readonly factsDigest: string }> {
  if (target.kind === 'manifests') return gatherFacts(services, target, manifestPlan(plan).objects);
  return stackFacts(services, target, resourcesOf(plan));
}

/** What policy may know about the infrastructure around the objects of a change, from a fresh snapshot. */
export async function gatherFacts(
  services: Pick<ChangeServices, 'graph' | 'cluster' | 'config'>,
  target: ManifestTarget,
  refs: readonly ObjectRef[],
): Promise<{ readonly facts: Facts; readonly factsDigest: string }> {
  await refreshGraph(services, target);
  const facts = await services.graph.facts({
    target: target.name,
    environment: target.environment,
    cluster: target.cluster,
    ids: refs.map((ref) => nodeIdOf(target.cluster, ref)),
  });
  return { facts, factsDigest: factsDigest(facts) };
}

/**
 * Environment of a resource: that of the target whose namespace it lies in. What lies in a namespace that several
 * environments share, such as Argo CD's own, has none.
 */
export function environmentsOf(targets: readonly Target[], cluster: string): (ref: ObjectRef) => string | null {
  const here = targets.filter((target) => target.kind === 'manifests').filter((target) => target.cluster === cluster);
  return ({ kind, namespace, name }) => {
    const place = namespace ?? (kind === 'Namespace' ? name : null);
    if (place === null) return null;
    const inside = here.filter((target) => target.argocd.namespaces.some((pattern) => matches(pattern, place)));
    const found = inside.length > 0 ? inside : here.filter((target) => target.argocd.namespace === place);
    const environments = new Set(found.map((target) => target.environment));
    return environments.size === 1 ? ([...environments][0] ?? null) : null;
  };
}

const matches = (pattern: string, name: string): boolean =>
  pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
