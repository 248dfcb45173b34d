import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@planwarden/contracts';
import type { ObjectWriter } from '../object-writer.js';
import type { ObjectStore } from '../store/object-store.js';
import { reviewAccess } from './access-review.js';
import { authenticate, authorize, type SandboxToken } from './authorizer.js';
import { discovery, REVIEWS, VERSION } from './discovery.js';
import { answer, mediaType, objectBody, readBody } from './http-kit.js';
import { ObjectRoutes } from './object-routes.js';
import { parsePath } from './request-path.js';
import { badRequest, StatusError, unknownPath } from './status-error.js';
import { watchObjects } from './watch.js';

export interface ApiServerParts {
  readonly store: ObjectStore;
  readonly writer: ObjectWriter;
  readonly tokens: readonly SandboxToken[];
  readonly log: Log;
}

/** A request as the control interface shows it to tests. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly user: string;
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch' };
const OPEN = new Set(['/version', '/healthz', '/livez', '/readyz']);

/** Kubernetes' HTTP interface over the store. */
export class ApiServer {
  /** Answers every later request with this code, as a broken API server would; undefined: works. */
  outage: number | undefined;
  readonly seen: SeenRequest[] = [];
  private readonly routes: ObjectRoutes;
  private readonly watches = new Set<() => void>();

  constructor(private readonly parts: ApiServerParts) {
    this.routes = new ObjectRoutes(parts.store, parts.writer);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.route(request, response);
    } catch (error) {
      const status =
        error instanceof StatusError
          ? error
          : new StatusError(500, 'InternalError', 'Internal error occurred: a fault of the sandbox');
      if (!(error instanceof StatusError)) this.parts.log.error({ err: error }, 'sandbox kubernetes failed');
      if (response.headersSent) response.end();
      else answer(response, status.code, status.toStatus());
    }
  }

  /** Ends every watch, so that the listener can close. */
  endWatches(): void {
    for (const stop of [...this.watches]) stop();
  }

  private async route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://sandbox');
    if (this.outage !== undefined)
      throw new StatusError(this.outage, 'ServiceUnavailable', 'the API server is not available');
    if (OPEN.has(url.pathname)) return this.serveOpen(url.pathname, response);
    const who = authenticate(this.parts.tokens, request.headers.authorization);
    this.note({ method: request.method ?? 'GET', path: `${url.pathname}${url.search}`, user: who.user });
    const listed = request.method === 'GET' ? discovery(url.pathname.replace(/\/$/, '')) : undefined;
    if (listed !== undefined) return answer(response, 200, listed);
    if (request.method === 'POST' && url.pathname === `/apis/${REVIEWS}/selfsubjectaccessreviews`)
      return answer(response, 201, reviewAccess(who, objectBody(mediaType(request), await readBody(request))));
    await this.serveObjects(who, url, request, response);
  }

  private serveOpen(path: string, response: ServerResponse): void {
    if (path === '/version') {
      answer(response, 200, VERSION);
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end('ok');
  }

  private async serveObjects(
    who: SandboxToken,
    url: URL,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const path = parsePath(url.pathname);
    if (path === undefined) throw unknownPath();
    const query = url.searchParams;
    const asked = query.getAll('dryRun');
    if (asked.some((value) => value !== 'All')) throw badRequest('dryRun: Unsupported value: supported values: "All"');
    const dryRun = asked.length > 0;
    const isWatch = request.method === 'GET' && /^(true|1)$/.test(query.get('watch') ?? '');
    const one = path.name !== undefined;
    const read = isWatch ? 'watch' : one ? 'get' : 'list';
    const verb =
      request.method === 'GET' ? read : (VERBS[request.method ?? ''] ?? (one ? 'delete' : 'deletecollection'));
    authorize(who, { ...path, verb, dryRun });
    if (!isWatch) return this.routes.serve({ path, query, request, response, dryRun });
    if (path.name !== undefined) query.set('fieldSelector', `metadata.name=${path.name}`);
    const stop = watchObjects(this.parts.store, path.resource, path.namespace, query, response);
    this.watches.add(stop);
    response.on('close', () => this.watches.delete(stop));
  }

  private note(seen: SeenRequest): void {
    this.seen.push(seen);
    if (this.seen.length > 1000) this.seen.splice(0, 500);
  }
}
