import { type Resource, resourceByPlural } from '../resources.js';

/** A request path taken apart: `/apis/apps/v1/namespaces/x/deployments/y/scale`. */
export interface RequestPath {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: 'status' | 'scale' | undefined;
}

/** Undefined when the path names nothing the sandbox serves. */
export function parsePath(path: string): RequestPath | undefined {
  const steps = path.split('/').filter((step) => step !== '');
  const isCore = steps[0] === 'api';
  if (!isCore && steps[0] !== 'apis') return undefined;
  const [group = '', version = ''] = isCore ? ['', steps[1]] : [steps[1], steps[2]];
  const rest = steps.slice(isCore ? 2 : 3).map(decode);
  // `namespaces/x` alone is a Namespace; with more behind it, it is the place of another object.
  const isPlaced = rest[0] === 'namespaces' && rest.length > 2 && rest[2] !== 'status';
  const [plural = '', name, subresource, ...more] = isPlaced ? rest.slice(2) : rest;
  const resource = resourceByPlural(group, version, plural);
  if (resource === undefined || more.length > 0) return undefined;
  const namespace = isPlaced ? rest[1] : undefined;
  if (!resource.namespaced && namespace !== undefined) return undefined;
  if (resource.namespaced && name !== undefined && namespace === undefined) return undefined;
  if (subresource === undefined) return { resource, namespace, name, subresource: undefined };
  if (subresource === 'status' && resource.statusSubresource) return { resource, namespace, name, subresource };
  if (subresource === 'scale' && resource.scale) return { resource, namespace, name, subresource };
  return undefined;
}

const decode = (step: string): string => {
  try {
    return decodeURIComponent(step);
  } catch {
    return step;
  }
};
