import type { Json } from '../json.js';
import { groupVersionOf, RESOURCES, type Resource } from '../resources.js';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const groups = [...new Set(RESOURCES.map(({ group }) => group))].filter((group) => group !== '');
const versionOf = (group: string): string => RESOURCES.find((one) => one.group === group)?.version ?? '';

function groupEntry(group: string): Json {
  const version = { groupVersion: `${group}/${versionOf(group)}`, version: versionOf(group) };
  return { name: group, versions: [version], preferredVersion: version };
}

function resourceEntries(resource: Resource): Json[] {
  const { plural, singular, kind, namespaced, shortNames } = resource;
  const sub = (name: string, subKind: Json): Json => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    ...subKind,
    verbs: ['get', 'patch', 'update'],
  });
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: VERBS,
      ...(shortNames.length === 0 ? {} : { shortNames }),
    },
    ...(resource.statusSubresource ? [sub('status', { kind })] : []),
    ...(resource.scale ? [sub('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' })] : []),
  ];
}

const REVIEW = {
  name: 'selfsubjectaccessreviews',
  singularName: 'selfsubjectaccessreview',
  namespaced: false,
  kind: 'SelfSubjectAccessReview',
  verbs: ['create'],
};

/** Group of access reviews: served, but nothing of it is kept. */
export const REVIEWS = 'authorization.k8s.io/v1';

/** The answer of a discovery route, or undefined for another path. */
export function discovery(path: string): Json | undefined {
  if (path === '/api') return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  if (path === '/apis') {
    const review = { groupVersion: REVIEWS, version: 'v1' };
    const extra = { name: 'authorization.k8s.io', versions: [review], preferredVersion: review };
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: [...groups.map(groupEntry), extra] };
  }
  const [, group] = path.match(/^\/apis\/([^/]+)$/) ?? [];
  if (group !== undefined && groups.includes(group))
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(group) };
  const groupVersion = path === '/api/v1' ? 'v1' : path.match(/^\/apis\/([^/]+\/[^/]+)$/)?.[1];
  if (groupVersion === undefined) return undefined;
  const found = RESOURCES.filter((resource) => groupVersionOf(resource) === groupVersion).flatMap(resourceEntries);
  const resources = groupVersion === REVIEWS ? [REVIEW] : found;
  if (resources.length === 0) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/** What /version answers: the version whose behaviour the sandbox follows, marked as not the real one. */
export const VERSION: Json = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.3-sandbox',
  gitCommit: 'sandbox',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: 'none',
  compiler: 'none',
  platform: 'sandbox',
};
