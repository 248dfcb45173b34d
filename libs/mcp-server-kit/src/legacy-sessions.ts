import { randomUUID } from 'node:crypto';
import {
  type AuthInfo,
  isInitializeRequest,
  type McpServer,
  WebStandardStreamableHTTPServerTransport as SessionTransport,
} from '@modelcontextprotocol/server';
import type { Body } from './http-handler.js';
import type { ServerFactory } from './mcp-server.js';

interface Session {
  readonly transport: SessionTransport;
  readonly server: McpServer;
  /** Whose session it is: another client's token does not open it. */
  readonly clientId: string | undefined;
}

/** The 2025 era: `initialize` opens a session, its header names it, DELETE or eviction ends it. */
export class LegacySessions {
  /** In order of last use. */
  readonly #sessions = new Map<string, Session>();

  constructor(
    private readonly server: ServerFactory,
    private readonly limit: number,
  ) {}

  async fetch(request: Request, body: Body, authInfo: AuthInfo | undefined): Promise<Response> {
    const passed = { ...body, ...(authInfo ? { authInfo } : {}) };
    const id = request.headers.get('mcp-session-id');
    if (id !== null) {
      const session = this.#sessions.get(id);
      if (!session || session.clientId !== authInfo?.clientId) return refusal(404, -32001, 'Session not found');
      this.#sessions.delete(id);
      this.#sessions.set(id, session);
      if (request.method === 'GET') return this.#listen(session, request, authInfo);
      return session.transport.handleRequest(request, passed);
    }
    if (!opensSession(body.parsedBody)) {
      return refusal(400, -32000, 'Bad Request: Mcp-Session-Id header is required');
    }
    const server = this.server({ era: 'legacy', requestInfo: request, ...(authInfo ? { authInfo } : {}) });
    const transport: SessionTransport = new SessionTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: async (opened) => {
        await this.#evict();
        this.#sessions.set(opened, { transport, server, clientId: authInfo?.clientId });
      },
      onsessionclosed: (closed) => {
        this.#sessions.delete(closed);
      },
    });
    await server.connect(transport);
    return transport.handleRequest(request, passed);
  }

  /** The stream on which a session hears what it did not ask for. While it is open, and no longer, changes are told. */
  async #listen({ transport, server }: Session, request: Request, auth: AuthInfo | undefined): Promise<Response> {
    const passed = auth ? { authInfo: auth } : {};
    const { updates, followed } = this.server;
    if (updates === undefined) return transport.handleRequest(request, passed);
    const drop = () => undefined;
    const stop = await updates.open({
      auth,
      wants: (uri) => followed?.get(server)?.has(uri) ?? false,
      updated: (uri) => void server.server.sendResourceUpdated({ uri }).catch(drop),
      listChanged: () => void server.server.sendResourceListChanged().catch(drop),
    });
    const response = await transport.handleRequest(request, passed);
    if (!response.ok || response.body === null) {
      stop();
      return response;
    }
    return whenOver(response, request.signal, stop);
  }

  async #evict(): Promise<void> {
    for (const [id, session] of this.#sessions) {
      if (this.#sessions.size < this.limit) return;
      this.#sessions.delete(id);
      await session.transport.close();
    }
  }

  async close(): Promise<void> {
    const open = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(open.map((session) => session.transport.close()));
  }
}

/** The same response; `over` is called when its stream ends on either side. */
function whenOver(response: Response, signal: AbortSignal, over: () => void): Response {
  signal.addEventListener('abort', over, { once: true });
  const { readable, writable } = new TransformStream();
  response.body?.pipeTo(writable).then(over, over);
  return new Response(readable, { status: response.status, headers: response.headers });
}

const opensSession = (body: unknown): boolean =>
  Array.isArray(body) ? body.some(isInitializeRequest) : isInitializeRequest(body);

const refusal = (status: number, code: number, message: string): Response =>
  Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status });
