import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse as parseYaml } from 'yaml';
import { isRecord, type Json } from '../json.js';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.js';

const BODY_LIMIT = 3 * 1024 * 1024;

/** The body of a request as bytes. @throws StatusError 413 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    const bytes = part as Buffer;
    size += bytes.length;
    if (size > BODY_LIMIT) throw new StatusError(413, 'RequestEntityTooLarge', 'the request body is too large');
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** The media type of a request, without parameters. */
export const mediaType = (request: IncomingMessage): string =>
  (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';

/** The body as JSON or YAML. @throws StatusError 400 or 415 */
export function parseBody(type: string, body: Buffer): unknown {
  const isYaml = type.endsWith('yaml');
  if (!isYaml && !type.endsWith('json')) throw unsupportedMediaType();
  try {
    return isYaml ? parseYaml(body.toString('utf8')) : JSON.parse(body.toString('utf8'));
  } catch {
    throw badRequest(`the body is not ${isYaml ? 'YAML' : 'JSON'}`);
  }
}

/** The body as one object. @throws StatusError 400 */
export function objectBody(type: string, body: Buffer): Json {
  const parsed = parseBody(type, body);
  if (!isRecord(parsed) || (parsed.metadata !== undefined && !isRecord(parsed.metadata)))
    throw badRequest('the body is not a Kubernetes object');
  return parsed;
}

export function answer(response: ServerResponse, code: number, body: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': bytes.length });
  response.end(bytes);
}
