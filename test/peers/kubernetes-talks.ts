import type { Json } from '../e2e/world.js';

/** One request of a talk, as any client would make it. */
export interface Ask {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Content type, JSON unless told. */
  readonly type?: string;
  /** Asked again until the answer's object is so: controllers take their time. */
  readonly until?: (answer: Json) => boolean;
  /** Who asks; the administrator unless told. */
  readonly as?: 'powerless';
}

const APPLY = 'application/apply-patch+yaml';
const MERGE = 'application/merge-patch+json';
const WEB = '/api/v1/namespaces/web';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/web/deployments';
const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const available = (count: number) => (answer: Json) => {
  const { observedGeneration, availableReplicas, updatedReplicas, replicas, terminatingReplicas } = record(
    answer.status,
  );
  const { generation } = record(answer.metadata);
  return (
    observedGeneration === generation &&
    (availableReplicas ?? 0) === count &&
    (updatedReplicas ?? 0) === count &&
    (replicas ?? 0) === count &&
    // Pods on their way out are gone soon on either server, not at the same instant.
    (terminatingReplicas ?? 0) === 0
  );
};

export const deployment = (image: string, replicas: number): Json => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'nginx', namespace: 'web', labels: { app: 'nginx' } },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'nginx' } },
    template: {
      metadata: { labels: { app: 'nginx' } },
      spec: { containers: [{ name: 'nginx', image, ports: [{ containerPort: 8080 }] }] },
    },
  },
});
const settings = (data: Json, more: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'settings', namespace: 'web', ...more },
  data,
});
const settingsAt = (query: string): string => `${WEB}/configmaps/settings?${query}`;
const apply = (what: string, path: string, body: unknown): Ask => ({ what, method: 'PATCH', path, body, type: APPLY });

/** What the product, Argo CD's stand-in and the Kubernetes MCP server ask of an API server. */
export const TALKS: Readonly<Record<string, readonly Ask[]>> = {
  objects: [
    {
      what: 'a namespace is made',
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } },
    },
    {
      what: 'made a second time',
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } },
    },
    { what: 'an absent object', method: 'GET', path: `${WEB}/configmaps/absent` },
    { what: 'an object of an unknown kind', method: 'GET', path: `${WEB}/wardens/absent` },
    apply('into an absent namespace', '/api/v1/namespaces/absent/configmaps/a?fieldManager=one', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'absent' },
    }),
    {
      what: 'a name that is none',
      method: 'POST',
      path: `${WEB}/configmaps`,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'Not_A_Name', namespace: 'web' } },
    },
    apply('a number given as text', `${DEPLOYMENTS}/nginx?fieldManager=one`, {
      ...deployment('nginx:1', 1),
      spec: { ...record(deployment('nginx:1', 1).spec), replicas: 'three' },
    }),
    apply('a map given as a list', `${WEB}/configmaps/settings?fieldManager=one`, { ...settings({}), data: ['a'] }),
    apply('a field the kind does not have', `${DEPLOYMENTS}/nginx?fieldManager=one`, {
      ...deployment('nginx:1', 1),
      spec: { ...record(deployment('nginx:1', 1).spec), replica: 3 },
    }),
    {
      what: 'a deployment whose selector misses its own pods',
      method: 'POST',
      path: DEPLOYMENTS,
      body: {
        ...deployment('nginx:1', 1),
        spec: { ...record(deployment('nginx:1', 1).spec), selector: { matchLabels: { app: 'other' } } },
      },
    },
    { what: 'somebody without rights reads', method: 'GET', path: `${WEB}/configmaps`, as: 'powerless' },
    {
      what: 'somebody without rights writes',
      method: 'POST',
      path: `${WEB}/configmaps`,
      body: settings({}),
      as: 'powerless',
    },
  ],
  'server-side apply': [
    apply('a dry run of a creation', settingsAt('fieldManager=one&dryRun=All'), settings({ colour: 'blue' })),
    { what: 'left nothing', method: 'GET', path: settingsAt('') },
    apply('a creation', settingsAt('fieldManager=one'), settings({ colour: 'blue', size: 'small' })),
    apply('the same again', settingsAt('fieldManager=one'), settings({ colour: 'blue', size: 'small' })),
    apply('a field no longer named', settingsAt('fieldManager=one'), settings({ colour: 'blue' })),
    apply("another manager's field", settingsAt('fieldManager=two'), settings({ colour: 'red' })),
    apply('the same by force', settingsAt('fieldManager=two&force=true'), settings({ colour: 'red' })),
    apply('without a manager', settingsAt('force=true'), settings({ colour: 'red' })),
    apply('a stale version', settingsAt('fieldManager=two&force=true'), settings({ a: 'b' }, { resourceVersion: '1' })),
    apply('a dry run of a change', settingsAt('fieldManager=two&force=true&dryRun=All'), settings({ colour: 'grey' })),
    { what: 'changed nothing', method: 'GET', path: settingsAt('') },
    {
      what: 'a merge patch',
      method: 'PATCH',
      path: settingsAt('fieldManager=three'),
      type: MERGE,
      body: { data: { a: 'b' } },
    },
    { what: 'is deleted', method: 'DELETE', path: settingsAt('') },
    { what: 'is gone', method: 'GET', path: settingsAt('') },
  ],
  services: [
    apply('a service', `${WEB}/services/nginx?fieldManager=one`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'nginx', namespace: 'web' },
      spec: { selector: { app: 'nginx' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
    }),
    apply('a network policy', '/apis/networking.k8s.io/v1/namespaces/web/networkpolicies/nginx?fieldManager=one', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'nginx', namespace: 'web' },
      spec: {
        podSelector: { matchLabels: { app: 'nginx' } },
        policyTypes: ['Ingress'],
        ingress: [{ ports: [{ port: 8080 }] }],
      },
    }),
    apply('an ingress', '/apis/networking.k8s.io/v1/namespaces/web/ingresses/nginx?fieldManager=one', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'nginx', namespace: 'web' },
      spec: {
        rules: [
          {
            host: 'web.example.test',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'nginx', port: { number: 80 } } } }],
            },
          },
        ],
      },
    }),
    apply(
      'an application of Argo CD',
      '/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web?fieldManager=one',
      {
        apiVersion: 'argoproj.io/v1alpha1',
        kind: 'Application',
        metadata: { name: 'web', namespace: 'argocd' },
        spec: {
          project: 'default',
          source: { repoURL: 'https://git.example.test/a/b', path: 'web', targetRevision: 'main' },
        },
      },
    ),
  ],
  rollouts: [
    apply(
      'a dry run of a deployment',
      `${DEPLOYMENTS}/nginx?fieldManager=one&dryRun=All`,
      deployment('nginx:1.29.0', 3),
    ),
    apply('a deployment', `${DEPLOYMENTS}/nginx?fieldManager=one`, deployment('nginx:1.29.0', 3)),
    { what: 'three pods come up', method: 'GET', path: `${DEPLOYMENTS}/nginx`, until: available(3) },
    apply('another image', `${DEPLOYMENTS}/nginx?fieldManager=one`, deployment('nginx:1.29.1', 3)),
    { what: 'three new pods come up', method: 'GET', path: `${DEPLOYMENTS}/nginx`, until: available(3) },
    apply('an image nobody has', `${DEPLOYMENTS}/nginx?fieldManager=one`, deployment('nginx:missing', 3)),
    {
      what: 'the old pods stay',
      method: 'GET',
      path: `${DEPLOYMENTS}/nginx`,
      until: (answer) => record(answer.status).updatedReplicas === 1 && record(answer.status).unavailableReplicas === 1,
    },
    apply('back to what ran', `${DEPLOYMENTS}/nginx?fieldManager=one`, deployment('nginx:1.29.1', 2)),
    { what: 'two pods', method: 'GET', path: `${DEPLOYMENTS}/nginx`, until: available(2) },
  ],
};
