import { type Document, parseAllDocuments } from 'yaml';
import type { ClusterApi, KubeRef } from './cluster-api.js';
import { refOf } from './cluster-api.js';
import { folderOf } from './git-from-github.js';
import type { GitFile } from './git-port.js';
import { at, isRecord, type Json, record, text } from './json.js';

export const TRACKING = 'argocd.argoproj.io/tracking-id';

/** A problem that Argo CD tells as a condition of the Application. */
export class ApplicationProblem extends Error {
  override readonly name = 'ApplicationProblem';
  constructor(
    readonly type: 'ComparisonError' | 'InvalidSpecError' | 'SyncError' | 'DeletionError',
    message: string,
  ) {
    super(message);
  }
}

/** The part of an Application that says what is to stand where. */
export interface Source {
  readonly repoUrl: string;
  readonly targetRevision: string;
  readonly path: string;
  readonly recursive: boolean;
  readonly namespace: string;
}

const SERVER = 'https://kubernetes.default.svc';
const UNSUPPORTED = ['chart', 'helm', 'kustomize', 'plugin', 'ref'];

/** @throws ApplicationProblem when the Application asks for what the sandbox does not play */
export function sourceOf(application: Json): Source {
  const wrong = (why: string): ApplicationProblem => new ApplicationProblem('InvalidSpecError', why);
  const spec = record(application.spec);
  if (spec.sources !== undefined) throw wrong('spec.sources is not supported by the sandbox');
  const source = record(spec.source);
  const found = UNSUPPORTED.find((name) => source[name] !== undefined);
  if (found !== undefined) throw wrong(`spec.source.${found} is not supported by the sandbox`);
  const { server, name, namespace } = record(spec.destination);
  if (server !== SERVER && name !== 'in-cluster') throw wrong('spec.destination names a cluster that is not known');
  const repoUrl = text(source.repoURL) ?? '';
  const path = text(source.path) ?? '';
  if (repoUrl === '' || path === '') throw wrong('spec.source.repoURL and spec.source.path are required');
  if (path.startsWith('/') || path.split('/').includes('..')) throw wrong('spec.source.path leaves the repository');
  return {
    repoUrl,
    path,
    targetRevision: text(source.targetRevision) ?? 'HEAD',
    recursive: at(source, 'directory', 'recursive') === true,
    namespace: text(namespace) ?? '',
  };
}

/** `web:apps/Deployment:web/nginx`, as Argo CD marks what belongs to an application. */
export const trackingId = (application: string, { apiVersion, kind, namespace, name }: KubeRef): string =>
  `${application}:${groupOf(apiVersion)}/${kind}:${namespace ?? ''}/${name}`;
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';

export const apiVersionOf = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;

/** One name for an object within an application, whatever its version. */
export const keyOf = ({ apiVersion, kind, namespace, name }: KubeRef): string =>
  `${groupOf(apiVersion)}/${kind}/${namespace ?? ''}/${name}`;

/** Order in which Argo CD applies kinds; others come last. */
const KIND_ORDER =
  'Namespace NetworkPolicy ResourceQuota LimitRange PodDisruptionBudget ServiceAccount Secret ConfigMap PersistentVolume PersistentVolumeClaim ClusterRole ClusterRoleBinding Role RoleBinding Service DaemonSet Pod ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob Ingress'.split(
    ' ',
  );
const rank = (object: Json): [number, number] => {
  const kind = KIND_ORDER.indexOf(String(object.kind));
  const wave = Number(at(object, 'metadata', 'annotations', 'argocd.argoproj.io/sync-wave') ?? 0);
  return [Number.isInteger(wave) ? wave : 0, kind < 0 ? KIND_ORDER.length : kind];
};

/**
 * The objects of an application's files, with the destination's namespace and the tracking mark, in the order they are
 * applied. @throws ApplicationProblem, ClusterError
 */
export async function desiredObjects(
  application: string,
  source: Source,
  files: readonly GitFile[],
  api: ClusterApi,
): Promise<Json[]> {
  if (files.length === 0) throw new ApplicationProblem('ComparisonError', `${source.path}: app path does not exist`);
  const objects: Json[] = [];
  const seen = new Set<string>();
  for (const parsed of files.filter((file) => isRead(file, source)).flatMap(parseFile)) {
    const object = await placed(parsed, source, api);
    const ref = refOf(object);
    if (seen.has(keyOf(ref)))
      throw new ApplicationProblem('ComparisonError', `${ref.kind} ${ref.name} appears more than once`);
    seen.add(keyOf(ref));
    const metadata = record(object.metadata);
    const annotations = { ...record(metadata.annotations), [TRACKING]: trackingId(application, ref) };
    objects.push({ ...object, metadata: { ...metadata, annotations } });
  }
  return objects.sort((left, right) => {
    const [leftWave, leftKind] = rank(left);
    const [rightWave, rightKind] = rank(right);
    return leftWave - rightWave || leftKind - rightKind;
  });
}

function isRead({ path }: GitFile, source: Source): boolean {
  const inside = path.slice(folderOf(source.path).length);
  return /\.(ya?ml|json)$/.test(path) && (source.recursive || !inside.includes('/'));
}

function parseFile({ path, content }: GitFile): Json[] {
  return parseAllDocuments(content, { logLevel: 'error' }).flatMap((document) => {
    const value = plainValue(path, document);
    if (value === null || value === undefined) return [];
    const { apiVersion, kind, name } = refOf(value);
    if (!isRecord(value) || apiVersion === '' || kind === '' || name === '')
      throw new ApplicationProblem('ComparisonError', `${path}: holds something that is no Kubernetes object`);
    if (at(value, 'metadata', 'annotations', 'argocd.argoproj.io/hook') !== undefined)
      throw new ApplicationProblem('ComparisonError', `${path}: hooks are not supported by the sandbox`);
    return [value];
  });
}

function plainValue(path: string, document: Document.Parsed): unknown {
  try {
    if (document.errors.length === 0) return document.toJS();
  } catch {
    // Aliases that unfold without end.
  }
  throw new ApplicationProblem('ComparisonError', `${path}: cannot be parsed`);
}

async function placed(object: Json, source: Source, api: ClusterApi): Promise<Json> {
  const { namespace: _namespace, ...metadata } = record(object.metadata);
  if (!(await api.isNamespaced(refOf(object)))) return { ...object, metadata };
  const namespace = refOf(object).namespace ?? source.namespace;
  if (namespace === '')
    throw new ApplicationProblem('ComparisonError', `${refOf(object).kind} ${refOf(object).name} has no namespace`);
  return { ...object, metadata: { ...metadata, namespace } };
}
