import type { IncomingMessage, ServerResponse } from 'node:http';
import { type NodeIncomingMessageLike, toNodeHandler } from '@modelcontextprotocol/node';
import { type AuthInfo, createMcpHandler, isLegacyRequest } from '@modelcontextprotocol/server';
import { isPlanwardenError, type Log, PlanwardenError } from '@planwarden/contracts';
import { LegacySessions } from './legacy-sessions.js';
import { listen } from './listen.js';
import type { ServerFactory } from './mcp-server.js';
import { toErrorBody } from './tool-definition.js';

export interface HttpHandlerOptions {
  readonly server: ServerFactory;
  /** Throws (HOST_REFUSED, ORIGIN_REFUSED) unless the request may be served; see `hostAndOriginGuard`. */
  readonly guard: (request: Request) => void | Promise<void>;
  /** Throws TOKEN_MISSING or TOKEN_INVALID (answered 401). Undefined: the endpoint takes no tokens. */
  readonly authenticate: (request: Request) => Promise<AuthInfo | undefined>;
  readonly maxBodyBytes: number;
  /** Sessions of 2025-era clients kept at once; the longest unused is closed for a new one. Default 200. */
  readonly maxSessions?: number;
  readonly log: Log;
}

export interface HttpHandler {
  /** For node:http, Express and Nest; `parsedBody` where a body parser already read it. */
  handle(req: IncomingMessage, res: ServerResponse, parsedBody?: unknown): Promise<void>;
  close(): Promise<void>;
}

/** Streamable HTTP for both eras: 2026-07-28 without state, 2025 with sessions. */
export function createHttpHandler(options: HttpHandlerOptions): HttpHandler {
  const bound = { maxRequestBodySize: options.maxBodyBytes };
  const onerror = (error: Error): void => options.log.warn({ error: error.name }, 'MCP request refused or failed');
  const { updates } = options.server;
  const bus = updates ? { bus: updates.bus() } : {};
  const modern = createMcpHandler(options.server, { legacy: 'reject', onerror, ...bound, ...bus });
  const legacy = new LegacySessions(options.server, options.maxSessions ?? 200);
  const fetch = async (request: Request): Promise<Response> => {
    try {
      await options.guard(request);
      const authInfo = await options.authenticate(request);
      const passed = authInfo ? { authInfo } : {};
      const { opened, body } = await open(request);
      if (await isLegacyRequest(opened, body.parsedBody, bound)) return await legacy.fetch(opened, body, authInfo);
      if (updates && request.headers.get('mcp-method') === 'subscriptions/listen') {
        return await listen(modern, updates, opened, body, authInfo);
      }
      return await modern.fetch(opened, { ...passed, ...body });
    } catch (error) {
      if (!isPlanwardenError(error)) options.log.error({ err: error }, 'MCP endpoint failed in a way we do not know');
      return errorResponse(error);
    }
  };
  const node = toNodeHandler({ fetch }, { onerror, ...bound });
  return {
    // Node types method and url as possibly undefined; the adapter only leaves out that word.
    handle: (req, res, parsedBody) => node(req as NodeIncomingMessageLike, res, parsedBody),
    close: async () => {
      await Promise.all([modern.close(), legacy.close()]);
    },
  };
}

/** What a request carries, parsed once for all that look at it; nothing where it carries no JSON. */
export type Body = { readonly parsedBody?: unknown };

/** Reads a body, whose size the adapter has bounded. One that is no JSON is put back: whoever serves the request refuses it. */
async function open(request: Request): Promise<{ readonly opened: Request; readonly body: Body }> {
  if (request.method !== 'POST') return { opened: request, body: {} };
  const text = await request.text();
  try {
    return { opened: request, body: { parsedBody: JSON.parse(text) as unknown } };
  } catch {
    const { url, method, headers, signal } = request;
    return { opened: new Request(url, { method, headers, signal, body: text }), body: {} };
  }
}

function errorResponse(error: unknown): Response {
  const body = toErrorBody(error);
  const status = statusOf(body.code);
  return Response.json(body, { status, headers: status === 401 ? { 'www-authenticate': 'Bearer' } : {} });
}

function statusOf(code: string): number {
  if (code === 'TOKEN_MISSING' || code === 'TOKEN_INVALID') return 401;
  if (code === 'HOST_REFUSED' || code === 'ORIGIN_REFUSED' || code === 'AUDIENCE_REFUSED') return 403;
  return code === 'BODY_TOO_LARGE' ? 413 : code === 'INTERNAL' ? 500 : 400;
}

/**
 * Guard against DNS rebinding: the Host header must be one of `hosts` (host:port as browsers send it), and an Origin,
 * where one is sent, one of `origins`.
 */
export function hostAndOriginGuard(allowed: {
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
}): (request: Request) => void {
  return (request) => {
    const host = request.headers.get('host');
    if (host === null || !allowed.hosts.includes(host)) {
      throw new PlanwardenError('HOST_REFUSED', 'This host name is not one of this server.', {
        where: { field: 'Host' },
        remedy: 'Use the address that the server printed at its start.',
      });
    }
    const origin = request.headers.get('origin');
    if (origin !== null && !allowed.origins.includes(origin)) {
      throw new PlanwardenError('ORIGIN_REFUSED', 'Requests from this web origin are not allowed.', {
        where: { field: 'Origin' },
        remedy: 'Call from an allowed origin, or from a program that sends none.',
      });
    }
  };
}
