import { type GeneratedFile, type ManifestTarget, type ObjectRef, PlanwardenError } from '@planwarden/contracts';
import { type LiveReader, objectKey } from './index.js';

export const TARGET: ManifestTarget = {
  name: 'staging',
  environment: 'staging',
  repository: { owner: 'platform', name: 'infrastructure' },
  baseBranch: 'main',
  path: 'environments/staging',
  kind: 'manifests',
  delivery: 'gitops',
  cluster: 'staging',
  argocd: {
    namespace: 'argocd',
    rootApplication: 'staging-root',
    rootPath: 'environments/staging/applications',
    project: 'staging',
    repoUrl: 'https://github.test/platform/infrastructure.git',
    destination: { server: 'https://kubernetes.default.svc' },
    namespaces: ['staging-*'],
  },
  owners: ['owner'],
  quorum: 1,
  leastAssurance: 'session',
  limits: { openRuns: 10, approvalExpirySeconds: 3600, verifyTimeoutSeconds: 60, holdForSeconds: 14_400 },
};

type Json = Record<string, unknown>;

/** A cluster in memory that defaults nothing and merges nothing: what is applied is what stands. */
export function memoryCluster(objects: readonly Json[] = [], namespaces: readonly string[] = ['staging-shop']) {
  const live = new Map(objects.map((object) => [objectKey(refOf(object)), object]));
  const reader: LiveReader = {
    get: async (ref) => live.get(objectKey(ref)) ?? null,
    dryRunApply: async (object) => {
      const ref = refOf(object);
      if (ref.namespace !== null && !namespaces.includes(ref.namespace)) {
        throw new PlanwardenError('RESOURCE_UNKNOWN', 'no namespace', { remedy: 'none' });
      }
      const before = live.get(objectKey(ref));
      const metadata = { ...(object.metadata as Json), uid: before ? 'uid-live' : `uid-${Math.random()}` };
      return { ...structuredClone(object), metadata, status: {} };
    },
    normalise: (object) => {
      const { status: _status, ...rest } = structuredClone(object) as Json;
      const {
        resourceVersion: _version,
        managedFields: _fields,
        generation: _generation,
        ...metadata
      } = rest.metadata as Json;
      return { ...rest, metadata };
    },
  };
  return { live, reader };
}

export function refOf(object: Readonly<Json>): ObjectRef {
  const metadata = object.metadata as { name: string; namespace?: string };
  const [version = '', group = ''] = String(object.apiVersion).split('/').reverse();
  return { group, version, kind: String(object.kind), namespace: metadata.namespace ?? null, name: metadata.name };
}

export const file = (path: string, content: string | null): GeneratedFile => ({
  path,
  content,
  provenance: { source: 'agent', template: null, templateDigest: null },
});
