/** One kind the sandbox serves. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  /** `status` is written only through /status; for kinds without the subresource it is an ordinary field. */
  readonly statusSubresource: boolean;
  readonly scale: boolean;
  /** Whether metadata.generation counts changes of the desired state. */
  readonly counted: boolean;
  /** A custom resource: its lists are atomic in server-side apply, and no built-in schema is known. */
  readonly custom: boolean;
}

type Flags = 'cluster' | 'status' | 'scale' | 'counted' | 'custom';
const kind = (groupVersion: string, name: string, plural: string, short: string, ...flags: Flags[]): Resource => {
  const [version = '', group = ''] = groupVersion.split('/').reverse();
  return {
    group,
    version,
    plural,
    singular: name.toLowerCase(),
    kind: name,
    namespaced: !flags.includes('cluster'),
    shortNames: short === '' ? [] : short.split(','),
    statusSubresource: flags.includes('status'),
    scale: flags.includes('scale'),
    counted: flags.includes('counted') || flags.includes('custom'),
    custom: flags.includes('custom'),
  };
};

/** Every kind of the sandbox, in the order discovery lists them. */
export const RESOURCES: readonly Resource[] = [
  kind('v1', 'Namespace', 'namespaces', 'ns', 'cluster', 'status'),
  kind('v1', 'Node', 'nodes', 'no', 'cluster', 'status'),
  kind('v1', 'PersistentVolume', 'persistentvolumes', 'pv', 'cluster', 'status'),
  kind('v1', 'Pod', 'pods', 'po', 'status'),
  kind('v1', 'Service', 'services', 'svc', 'status'),
  kind('v1', 'ConfigMap', 'configmaps', 'cm'),
  kind('v1', 'Secret', 'secrets', ''),
  kind('v1', 'ServiceAccount', 'serviceaccounts', 'sa'),
  kind('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', 'pvc', 'status'),
  kind('v1', 'ResourceQuota', 'resourcequotas', 'quota', 'status'),
  kind('v1', 'LimitRange', 'limitranges', 'limits'),
  kind('v1', 'Event', 'events', 'ev'),
  kind('apps/v1', 'Deployment', 'deployments', 'deploy', 'status', 'scale', 'counted'),
  kind('apps/v1', 'ReplicaSet', 'replicasets', 'rs', 'status', 'scale', 'counted'),
  kind('apps/v1', 'StatefulSet', 'statefulsets', 'sts', 'status', 'scale', 'counted'),
  kind('apps/v1', 'DaemonSet', 'daemonsets', 'ds', 'status', 'counted'),
  kind('batch/v1', 'Job', 'jobs', '', 'status', 'counted'),
  kind('batch/v1', 'CronJob', 'cronjobs', 'cj', 'status', 'counted'),
  kind('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', 'netpol', 'counted'),
  kind('networking.k8s.io/v1', 'Ingress', 'ingresses', 'ing', 'status', 'counted'),
  kind('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', 'hpa', 'status'),
  kind('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets', 'pdb', 'status', 'counted'),
  kind('rbac.authorization.k8s.io/v1', 'Role', 'roles', ''),
  kind('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings', ''),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRole', 'clusterroles', '', 'cluster'),
  kind('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', '', 'cluster'),
  // Argo CD's own definitions have no status subresource: the controller writes status with the object.
  kind('argoproj.io/v1alpha1', 'Application', 'applications', 'app,apps', 'custom'),
  kind('argoproj.io/v1alpha1', 'AppProject', 'appprojects', 'appproj,appprojs', 'custom'),
];

export const groupVersionOf = (resource: Resource): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
/** `deployments.apps`, as messages of the API server name a resource. */
export const qualifiedName = (resource: Resource): string =>
  resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;

export function resourceByPlural(group: string, version: string, plural: string): Resource | undefined {
  return RESOURCES.find((one) => one.group === group && one.version === version && one.plural === plural);
}
export function resourceByKind(apiVersion: string, kindName: string): Resource | undefined {
  return RESOURCES.find((one) => groupVersionOf(one) === apiVersion && one.kind === kindName);
}
/** A kind the sandbox itself relies on. @throws Error when the table lacks it, a fault of ours. */
export function knownResource(apiVersion: string, kindName: string): Resource {
  const found = resourceByKind(apiVersion, kindName);
  if (found === undefined) throw new Error(`the sandbox serves no ${apiVersion} ${kindName}`);
  return found;
}
