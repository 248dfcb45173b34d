import { at, isRecord, type Json, list, record, text } from '../json.js';
import type { KubeObject } from '../objects.js';
import { containersOf, podSpecOf } from '../pod-templates.js';

/** Fills fields that are absent. */
const fill = (target: Json, defaults: Json): void => {
  for (const [name, value] of Object.entries(defaults)) target[name] ??= value;
};

const pullPolicy = (image: string): string => {
  if (image.includes('@')) return 'IfNotPresent';
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
};

function defaultContainer(container: Json): void {
  fill(container, {
    imagePullPolicy: pullPolicy(text(container.image) ?? ''),
    resources: {},
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
  for (const port of list(container.ports)) if (isRecord(port)) fill(port, { protocol: 'TCP' });
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container[name];
    if (!isRecord(probe)) continue;
    fill(probe, { failureThreshold: 3, periodSeconds: 10, successThreshold: 1, timeoutSeconds: 1 });
    if (isRecord(probe.httpGet)) fill(probe.httpGet, { path: '/', scheme: 'HTTP' });
  }
}

function defaultPodSpec(spec: Json, path: readonly string[], restartPolicy: string): void {
  fill(spec, {
    dnsPolicy: 'ClusterFirst',
    restartPolicy,
    schedulerName: 'default-scheduler',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
  });
  if (typeof spec.serviceAccountName === 'string') fill(spec, { serviceAccount: spec.serviceAccountName });
  for (const { container } of containersOf(spec, path)) defaultContainer(container);
  for (const volume of list(spec.volumes)) {
    for (const name of ['configMap', 'secret', 'projected', 'downwardAPI']) {
      const source = at(volume, name);
      if (isRecord(source)) fill(source, { defaultMode: 420 });
    }
  }
}

type Defaulter = (object: KubeObject, spec: Json) => void;
const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } };

const BY_KIND: Readonly<Record<string, Defaulter>> = {
  Deployment: (_object, spec) => {
    fill(spec, { progressDeadlineSeconds: 600, replicas: 1, revisionHistoryLimit: 10, strategy: {} });
    const strategy = record(spec.strategy);
    fill(strategy, { type: 'RollingUpdate' });
    if (strategy.type === 'RollingUpdate') {
      fill(strategy, { rollingUpdate: {} });
      fill(record(strategy.rollingUpdate), rolling.rollingUpdate);
    }
  },
  ReplicaSet: (_object, spec) => fill(spec, { replicas: 1 }),
  StatefulSet: (_object, spec) =>
    fill(spec, { replicas: 1, revisionHistoryLimit: 10, podManagementPolicy: 'OrderedReady' }),
  DaemonSet: (_object, spec) => fill(spec, { revisionHistoryLimit: 10 }),
  Job: (_object, spec) => fill(spec, { backoffLimit: 6, completions: 1, parallelism: 1, suspend: false }),
  CronJob: (_object, spec) => fill(spec, { concurrencyPolicy: 'Allow', suspend: false }),
  Service: (_object, spec) => {
    fill(spec, { sessionAffinity: 'None', type: 'ClusterIP' });
    if (spec.type !== 'ExternalName')
      fill(spec, { internalTrafficPolicy: 'Cluster', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' });
    for (const port of list(spec.ports))
      if (isRecord(port))
        fill(port, { protocol: 'TCP', ...(port.port === undefined ? {} : { targetPort: port.port }) });
  },
  NetworkPolicy: (_object, spec) => {
    fill(spec, { policyTypes: spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'] });
    for (const rule of [...list(spec.ingress), ...list(spec.egress)])
      for (const port of list(record(rule).ports)) if (isRecord(port)) fill(port, { protocol: 'TCP' });
  },
  HorizontalPodAutoscaler: (_object, spec) => fill(spec, { minReplicas: 1 }),
  Namespace: (object, spec) => {
    fill(spec, { finalizers: ['kubernetes'] });
    object.metadata.labels = { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name };
    object.status ??= { phase: 'Active' };
  },
};

/** Status that an object has before any controller saw it. */
const FIRST_STATUS: Readonly<Record<string, Json>> = {
  Deployment: {},
  Service: { loadBalancer: {} },
  Ingress: { loadBalancer: {} },
};

/** Fills in what the API server would, for the kinds that changes use most. Changes the object in hand. */
export function applyDefaults(object: KubeObject): void {
  if (object.kind === 'Namespace') object.spec ??= {};
  if (object.kind === 'Secret') defaultSecret(object);
  if (isRecord(object.spec)) BY_KIND[object.kind]?.(object, object.spec);
  const status = FIRST_STATUS[object.kind];
  if (status !== undefined) object.status ??= structuredClone(status);
  const pod = podSpecOf(object);
  if (pod?.spec === undefined) return;
  defaultPodSpec(pod.spec, pod.path, 'Always');
  if (object.kind === 'Pod')
    fill(pod.spec, { enableServiceLinks: true, priority: 0, serviceAccount: 'default', serviceAccountName: 'default' });
}

function defaultSecret(secret: KubeObject): void {
  secret.type ??= 'Opaque';
  const plain = record(secret.stringData);
  const encoded = Object.entries(plain).map(([key, value]) => [key, Buffer.from(String(value)).toString('base64')]);
  if (encoded.length > 0) secret.data = { ...record(secret.data), ...Object.fromEntries(encoded) };
  delete secret.stringData;
}
