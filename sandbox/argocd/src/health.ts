import { at, count, list, text } from './json.js';

/** Argo CD's words, from best to worst. */
const ORDER = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'] as const;
export type Health = (typeof ORDER)[number];

export const worst = (found: readonly Health[]): Health =>
  found.reduce((left, right) => (ORDER.indexOf(left) >= ORDER.indexOf(right) ? left : right), 'Healthy');

const conditionOf = (object: unknown, type: string): unknown =>
  list(at(object, 'status', 'conditions')).find((condition) => at(condition, 'type') === type);

function deploymentHealth(live: unknown): Health {
  if (at(live, 'spec', 'paused') === true) return 'Suspended';
  const failed = at(conditionOf(live, 'ReplicaFailure'), 'status') === 'True';
  if (failed || at(conditionOf(live, 'Progressing'), 'reason') === 'ProgressDeadlineExceeded') return 'Degraded';
  if (count(at(live, 'status', 'observedGeneration')) < count(at(live, 'metadata', 'generation'))) return 'Progressing';
  const wanted = typeof at(live, 'spec', 'replicas') === 'number' ? count(at(live, 'spec', 'replicas')) : 1;
  const enough = (field: string): boolean => count(at(live, 'status', field)) >= wanted;
  const left = count(at(live, 'status', 'replicas')) > count(at(live, 'status', 'updatedReplicas'));
  return enough('updatedReplicas') && enough('availableReplicas') && !left ? 'Healthy' : 'Progressing';
}

function podHealth(live: unknown): Health {
  const phase = text(at(live, 'status', 'phase'));
  if (phase === 'Succeeded') return 'Healthy';
  if (phase === 'Failed') return 'Degraded';
  return at(conditionOf(live, 'Ready'), 'status') === 'True' ? 'Healthy' : 'Progressing';
}

function ingressHealth(live: unknown): Health {
  return list(at(live, 'status', 'loadBalancer', 'ingress')).length > 0 ? 'Healthy' : 'Progressing';
}

/**
 * Health of a live object as Argo CD judges it; undefined for kinds that have none. Application has none: Argo CD took
 * that check out in 1.8, so a root application does not wait for its children.
 */
export function healthOf(live: unknown): Health | undefined {
  const kind = `${text(at(live, 'apiVersion'))?.split('/').slice(0, -1).join('') ?? ''}/${String(at(live, 'kind'))}`;
  if (kind === 'apps/Deployment') return deploymentHealth(live);
  if (kind === '/Pod') return podHealth(live);
  if (kind === '/Service') return 'Healthy';
  if (kind === 'networking.k8s.io/Ingress') return ingressHealth(live);
  return undefined;
}
