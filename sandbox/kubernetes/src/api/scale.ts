import { at, type Json, record } from '../json.js';
import type { KubeObject } from '../objects.js';
import { badRequest } from './status-error.js';

/** The /scale view of a workload. */
export function scaleOf(object: KubeObject): Json {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const labels = Object.entries(record(at(object, 'spec', 'selector', 'matchLabels')));
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: at(object, 'spec', 'replicas') ?? 0 },
    status: {
      replicas: at(object, 'status', 'replicas') ?? 0,
      selector: labels.map(([key, value]) => `${key}=${String(value)}`).join(','),
    },
  };
}

/** The workload with the replicas a Scale names. @throws StatusError 400 */
export function withScale(object: KubeObject, scale: unknown): KubeObject {
  const replicas = at(scale, 'spec', 'replicas');
  if (typeof replicas !== 'number') throw badRequest('spec.replicas of the Scale is missing');
  const version = at(scale, 'metadata', 'resourceVersion');
  return {
    ...object,
    metadata: { ...object.metadata, ...(typeof version === 'string' ? { resourceVersion: version } : {}) },
    spec: { ...record(object.spec), replicas },
  };
}
