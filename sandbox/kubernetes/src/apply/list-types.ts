import type { Resource } from '../resources.js';

/** How a field merges: its children one by one, as a whole, by keys of its items, or as a set of values. */
export type MergeType =
  | { readonly how: 'granular' }
  | { readonly how: 'atomic' }
  | { readonly how: 'keyed'; readonly keys: readonly string[] }
  | { readonly how: 'set' };

const ATOMIC: MergeType = { how: 'atomic' };
const GRANULAR: MergeType = { how: 'granular' };
const keyed = (...keys: string[]): MergeType => ({ how: 'keyed', keys });

/** Lists of built-in kinds that merge by key, by field name (from the `x-kubernetes-list-map-keys` of Kubernetes' schema). */
const KEYED: Readonly<Record<string, MergeType>> = {
  containers: keyed('name'),
  initContainers: keyed('name'),
  ephemeralContainers: keyed('name'),
  env: keyed('name'),
  volumes: keyed('name'),
  volumeMounts: keyed('mountPath'),
  volumeDevices: keyed('devicePath'),
  imagePullSecrets: keyed('name'),
  hostAliases: keyed('ip'),
  topologySpreadConstraints: keyed('topologyKey', 'whenUnsatisfiable'),
  conditions: keyed('type'),
  secrets: keyed('name'),
};

/** Maps of built-in kinds that are owned as a whole (`x-kubernetes-map-type: atomic`). */
const ATOMIC_MAPS = new Set([
  'selector',
  'nodeSelector',
  'labelSelector',
  'namespaceSelector',
  'podSelector',
  'fieldRef',
  'resourceFieldRef',
  'configMapKeyRef',
  'secretKeyRef',
  'scaleTargetRef',
  'roleRef',
  'secretRef',
]);

/**
 * How the field at a path of names (keys of list items left out) merges.
 * @param isList whether the value in hand is a list
 */
export function mergeTypeOf(resource: Resource, path: readonly string[], isList: boolean): MergeType {
  const name = path.at(-1) ?? '';
  if (path[0] === 'metadata') {
    if (name === 'ownerReferences') return keyed('uid');
    if (name === 'finalizers') return { how: 'set' };
    return isList ? ATOMIC : GRANULAR;
  }
  if (resource.custom) return isList ? ATOMIC : GRANULAR;
  if (!isList) return ATOMIC_MAPS.has(name) ? ATOMIC : GRANULAR;
  if (name === 'ports') {
    if (path.at(-2) === 'containers' || path.at(-2) === 'initContainers') return keyed('containerPort', 'protocol');
    if (resource.kind === 'Service') return keyed('port', 'protocol');
    return ATOMIC;
  }
  return KEYED[name] ?? ATOMIC;
}

/** Values that keys take when an item leaves them out. */
export const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP' };
