import type { Json } from '../json.js';
import type { KubeObject } from '../objects.js';
import { badRequest, expired } from './status-error.js';

const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/**
 * One page of a list, by `limit` and `continue`. Unlike the real server, later pages show the objects as they are now
 * and not as they were at the first page. @throws StatusError 400 or 410
 */
export function pageOf(
  found: readonly KubeObject[],
  query: URLSearchParams,
  version: number,
): { items: readonly KubeObject[]; metadata: Json } {
  const limit = Number(query.get('limit') ?? '0');
  if (!Number.isInteger(limit) || limit < 0) throw badRequest('limit must be a whole number');
  const token = query.get('continue') ?? '';
  const after = Buffer.from(token, 'base64url').toString('utf8');
  if (token !== '' && !after.includes('/')) throw expired();
  const start = token === '' ? 0 : found.findIndex((object) => keyOf(object) > after);
  const rest = start < 0 ? [] : found.slice(start);
  const metadata = { resourceVersion: String(version) };
  const last = limit === 0 ? undefined : rest[limit - 1];
  if (last === undefined || rest.length <= limit) return { items: rest, metadata };
  const next = Buffer.from(keyOf(last)).toString('base64url');
  return {
    items: rest.slice(0, limit),
    metadata: { ...metadata, continue: next, remainingItemCount: rest.length - limit },
  };
}
