import { PlanwardenError, sha256 } from '@planwarden/contracts';

/** An object of the cluster as its API answers it; everything below is outside data. */
export interface LiveObject extends Record<string, unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Record<string, unknown> & { readonly name: string };
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value as an object of the cluster. @throws PlanwardenError OUTSIDE_ANSWER_INVALID */
export function asLiveObject(value: unknown, fallback: { apiVersion?: string; kind?: string } = {}): LiveObject {
  if (isRecord(value) && isRecord(value.metadata) && typeof value.metadata.name === 'string') {
    // Items of a list leave out what the list has said already.
    const apiVersion = value.apiVersion ?? fallback.apiVersion;
    const kind = value.kind ?? fallback.kind;
    const metadata = { ...value.metadata, name: value.metadata.name };
    if (typeof apiVersion === 'string' && typeof kind === 'string') return { ...value, apiVersion, kind, metadata };
  }
  throw new PlanwardenError('OUTSIDE_ANSWER_INVALID', 'The cluster answered with something that is no object.', {
    remedy: 'Check that the address in the kubeconfig is that of a Kubernetes API server.',
  });
}

/** What the cluster itself counts and notes, which no writer asked for. */
const KEPT_BY_CLUSTER = ['managedFields', 'resourceVersion', 'generation'];
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * What of a live object goes into its digest: a copy without status, managedFields, resourceVersion and generation.
 * Values of a Secret become `sha256:` marks, so that a change shows and the value does not.
 */
export function normaliseLive(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { status: _status, ...rest } = structuredClone(object) as Record<string, unknown>;
  if (isRecord(rest.metadata)) for (const field of KEPT_BY_CLUSTER) delete rest.metadata[field];
  return object.kind === 'Secret' && object.apiVersion === 'v1' ? withoutValues(rest) : rest;
}

/** A copy of a Secret with marks in the place of its values. */
export function withoutValues(secret: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const copy = structuredClone(secret) as Record<string, unknown>;
  for (const field of ['data', 'stringData']) {
    const values = copy[field];
    if (isRecord(values)) for (const [key, value] of Object.entries(values)) values[key] = mark(value);
  }
  // kubectl keeps the whole object, values and all, in this annotation.
  const annotations = isRecord(copy.metadata) ? copy.metadata.annotations : undefined;
  if (isRecord(annotations) && annotations[LAST_APPLIED] !== undefined)
    annotations[LAST_APPLIED] = mark(annotations[LAST_APPLIED]);
  return copy;
}

const mark = (value: unknown): string => sha256(typeof value === 'string' ? value : JSON.stringify(value));
