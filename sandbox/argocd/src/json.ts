import { isDeepStrictEqual } from 'node:util';

export type Json = Record<string, unknown>;

export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const record = (value: unknown): Json => (isRecord(value) ? value : {});
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
export const count = (value: unknown): number => (typeof value === 'number' ? value : 0);

/** The value at a path of field names, or undefined. */
export function at(value: unknown, ...path: string[]): unknown {
  let here: unknown = value;
  for (const name of path) here = isRecord(here) ? here[name] : undefined;
  return here;
}

/** Equality of JSON values; a field holding undefined counts as absent. */
export const sameJson = (left: unknown, right: unknown): boolean =>
  isDeepStrictEqual(JSON.parse(JSON.stringify(left ?? null)), JSON.parse(JSON.stringify(right ?? null)));

/** RFC 3339 with whole seconds, as Kubernetes writes times. */
export const kubeTime = (): string => new Date().toISOString().replace(/\.\d{3}Z$/, 'Z');
