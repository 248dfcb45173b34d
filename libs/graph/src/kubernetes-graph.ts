import type { KindListing, KindRef } from '@planwarden/cluster';
import type { GraphEdge, ObjectRef } from '@planwarden/contracts';
import { redactJson } from '@planwarden/redaction';
import type { GraphStore, SeenNode } from './graph-store.js';
import { nodeIdOf } from './node-id.js';

type Json = Record<string, unknown>;
const record = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const records = (value: unknown): Json[] => (Array.isArray(value) ? value.map(record) : []);
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

interface Known {
  readonly id: string;
  readonly ref: ObjectRef;
  readonly object: Json;
}

export interface KubernetesGraphOptions {
  readonly cluster: string;
  /** Environment of a resource, from the target it belongs to; never from a label. */
  environmentOf(ref: ObjectRef): string | null;
}

/** Objects of a cluster as nodes and edges. Values of Secrets and environment variables never get in. */
export function kubernetesToGraph(
  objects: readonly Readonly<Record<string, unknown>>[],
  { cluster, environmentOf }: KubernetesGraphOptions,
): { readonly nodes: SeenNode[]; readonly edges: GraphEdge[] } {
  const known = objects.map((object): Known => {
    const ref = refOf(object);
    return { id: nodeIdOf(cluster, ref), ref, object: object as Json };
  });
  const nodes = known.map(
    ({ id, ref, object }): SeenNode => ({
      id,
      kind: ref.kind,
      name: ref.name,
      namespace: ref.namespace,
      cluster,
      environment: environmentOf(ref),
      properties: redactJson(propertiesOf(ref, object)),
    }),
  );
  const edges = known.flatMap((one) => edgesOf(one, known, cluster));
  const unique = new Map(edges.map((edge) => [`${edge.from}\n${edge.to}\n${edge.kind}`, edge]));
  return { nodes, edges: [...unique.values()] };
}

function refOf(object: Readonly<Record<string, unknown>>): ObjectRef {
  const metadata = record(object.metadata);
  const [version = '', group = ''] = String(object.apiVersion ?? '')
    .split('/')
    .reverse();
  return {
    group,
    version,
    kind: String(object.kind ?? ''),
    namespace: text(metadata.namespace) ?? null,
    name: String(metadata.name ?? ''),
  };
}

/** Short facts for people and policy. */
function propertiesOf({ kind }: ObjectRef, object: Json): Json {
  const [spec, status] = [record(object.spec), record(object.status)];
  switch (kind) {
    case 'Deployment':
    case 'StatefulSet':
      return {
        replicas: spec.replicas ?? 1,
        readyReplicas: status.readyReplicas ?? 0,
        images: imagesOf(record(record(spec.template).spec)),
      };
    case 'ReplicaSet':
      return { replicas: spec.replicas ?? 0, readyReplicas: status.readyReplicas ?? 0 };
    case 'Pod':
      return { phase: status.phase ?? 'Unknown', images: imagesOf(spec) };
    case 'Service':
      return {
        type: spec.type ?? 'ClusterIP',
        ports: records(spec.ports).map((port) => port.port),
      };
    case 'Application':
      return {
        path: record(spec.source).path ?? null,
        sync: record(status.sync).status ?? 'Unknown',
        health: record(status.health).status ?? 'Unknown',
      };
    default:
      return {};
  }
}

const imagesOf = (pod: Json): unknown[] => records(pod.containers).map((container) => container.image);
const podSpecOf = ({ ref, object }: Known): Json | undefined => {
  if (ref.kind === 'Pod') return record(object.spec);
  return WORKLOADS.has(ref.kind) ? record(record(record(object.spec).template).spec) : undefined;
};
const WORKLOADS = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job']);

function edgesOf(one: Known, all: readonly Known[], cluster: string): GraphEdge[] {
  const edges: GraphEdge[] = [];
  const { ref, object, id } = one;
  const metadata = record(object.metadata);
  const near = (group: string, kind: string, name: string): string =>
    nodeIdOf(cluster, { group, kind, namespace: ref.namespace, name });
  if (ref.namespace !== null) {
    const namespace = nodeIdOf(cluster, { group: '', kind: 'Namespace', namespace: null, name: ref.namespace });
    edges.push({ from: namespace, to: id, kind: 'contains' });
  }
  for (const owner of records(metadata.ownerReferences)) {
    const [group = ''] = String(owner.apiVersion ?? '').includes('/') ? String(owner.apiVersion).split('/') : [''];
    edges.push({ from: near(group, String(owner.kind), String(owner.name)), to: id, kind: 'owns' });
  }
  const tracked = text(record(metadata.annotations)['argocd.argoproj.io/tracking-id']);
  const application = tracked?.split(':')[0];
  if (application !== undefined) {
    const apps = all.filter(({ ref: other }) => other.kind === 'Application' && other.name === application);
    for (const app of apps) edges.push({ from: app.id, to: id, kind: 'manages' });
  }
  edges.push(...selections(one, all));
  const pod = podSpecOf(one);
  if (pod) edges.push(...needsOf(pod, id, near));
  if (ref.kind === 'Ingress') {
    for (const name of backendsOf(record(object.spec))) {
      edges.push({ from: id, to: near('', 'Service', name), kind: 'routes_to' });
    }
    for (const tls of records(record(object.spec).tls)) {
      const name = text(tls.secretName);
      if (name) edges.push({ from: id, to: near('', 'Secret', name), kind: 'mounts' });
    }
  }
  return edges;
}

/** Names of the Services an Ingress sends requests to, its default one among them. */
function backendsOf(spec: Json): string[] {
  const paths = records(spec.rules).flatMap((rule) => records(record(rule.http).paths));
  const backends = [record(spec.defaultBackend), ...paths.map((path) => record(path.backend))];
  return backends.flatMap((backend) => text(record(backend.service).name) ?? []);
}

/** Services select, network policies guard: workloads and pods of the same namespace whose labels match. */
function selections({ ref, object, id }: Known, all: readonly Known[]): GraphEdge[] {
  const spec = record(object.spec);
  const [selector, kind] =
    ref.kind === 'Service'
      ? [record(spec.selector), 'selects' as const]
      : ref.kind === 'NetworkPolicy'
        ? [record(record(spec.podSelector).matchLabels), 'guards' as const]
        : [undefined, undefined];
  if (selector === undefined || kind === undefined) return [];
  const wanted = Object.entries(selector);
  // A Service without a selector selects nothing; a NetworkPolicy without one guards the whole namespace.
  if (wanted.length === 0 && kind === 'selects') return [];
  return all.flatMap((other) => {
    if (other.ref.namespace !== ref.namespace) return [];
    const labels =
      other.ref.kind === 'Pod'
        ? record(record(other.object.metadata).labels)
        : WORKLOADS.has(other.ref.kind)
          ? record(record(record(record(other.object.spec).template).metadata).labels)
          : undefined;
    const isMatch = labels !== undefined && wanted.every(([key, value]) => labels[key] === value);
    return isMatch ? [{ from: id, to: other.id, kind }] : [];
  });
}

/** Config maps, secrets and claims a pod mounts or reads, and its service account: names only. */
function needsOf(pod: Json, id: string, near: (group: string, kind: string, name: string) => string): GraphEdge[] {
  const edges: GraphEdge[] = [];
  const mounts = (kind: string, name: unknown): void => {
    const found = text(name);
    if (found) edges.push({ from: id, to: near('', kind, found), kind: 'mounts' });
  };
  for (const volume of records(pod.volumes)) {
    mounts('ConfigMap', record(volume.configMap).name);
    mounts('Secret', record(volume.secret).secretName);
    mounts('PersistentVolumeClaim', record(volume.persistentVolumeClaim).claimName);
    for (const source of records(record(volume.projected).sources)) {
      mounts('ConfigMap', record(source.configMap).name);
      mounts('Secret', record(source.secret).name);
    }
  }
  for (const container of [...records(pod.initContainers), ...records(pod.containers)]) {
    for (const from of records(container.envFrom)) {
      mounts('ConfigMap', record(from.configMapRef).name);
      mounts('Secret', record(from.secretRef).name);
    }
    for (const variable of records(container.env)) {
      mounts('ConfigMap', record(record(variable.valueFrom).configMapKeyRef).name);
      mounts('Secret', record(record(variable.valueFrom).secretKeyRef).name);
    }
  }
  const account = text(pod.serviceAccountName);
  if (account) edges.push({ from: id, to: near('', 'ServiceAccount', account), kind: 'uses' });
  return edges;
}

/** The part of a cluster client that an import needs. */
export interface ClusterReader {
  listKinds(kinds: readonly KindRef[], namespaces: readonly string[]): Promise<KindListing>;
}

/** Reads kinds of a cluster into the graph. @returns the snapshot's id */
export async function importCluster(options: {
  readonly reader: ClusterReader;
  readonly store: GraphStore;
  readonly cluster: string;
  readonly kinds: readonly KindRef[];
  /** Names, or prefixes ending in `*`. */
  readonly namespaces: readonly string[];
  environmentOf(ref: ObjectRef): string | null;
}): Promise<{ readonly snapshot: string }> {
  const { reader, store, cluster, kinds, namespaces, environmentOf } = options;
  const { objects, coverage } = await reader.listKinds(kinds, namespaces);
  const graph = kubernetesToGraph(objects, { cluster, environmentOf });
  return store.importSnapshot({ cluster, ...graph, coverage, namespaces, observedAt: new Date().toISOString() });
}
