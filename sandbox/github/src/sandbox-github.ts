import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Log, silentLog } from '@planwarden/contracts';
import type { SandboxControl } from './control.js';
import { answerGraphql } from './graphql-endpoint.js';
import { PagesEndpoint } from './pages/pages-endpoint.js';
import { answerRaw } from './raw-endpoint.js';
import { answerRest, json, type RestReply } from './rest-endpoint.js';
import { restRoutes } from './rest-routes.js';
import { Router } from './router.js';
import { sandboxControl } from './sandbox-control.js';
import { SandboxCore } from './sandbox-core.js';
import type { SandboxSeed } from './seed.js';
import type { SandboxWebhook } from './webhook-sender.js';

export interface SandboxGitHubOptions {
  /** Git objects and state live here and survive a restart. */
  dataFolder: string;
  /** A free one when left out or 0. */
  port?: number;
  /** Address to listen on: loopback unless told; another one only where a container's network is all that reaches it. */
  host?: string;
  /** Name that others call it by in a container's network, beside the loopback names. */
  name?: string;
  seed: SandboxSeed;
  webhook?: SandboxWebhook;
  /** Paths of programs that jobs of workflows may set up: `terraform`, `tofu`. */
  programs?: Readonly<Record<string, string>>;
  log?: Log;
}
export interface SandboxGitHub {
  /** REST base for octokit's `baseUrl`; GraphQL at `/graphql`, pages for people at `/ui`. */
  readonly url: string;
  readonly control: SandboxControl;
  stop(): Promise<void>;
}

const BODY_LIMIT = 8 * 1024 * 1024;

/** Starts a stand-in for GitHub on loopback. For development and tests: it holds no secret worth one. */
export async function startSandboxGitHub(options: SandboxGitHubOptions): Promise<SandboxGitHub> {
  const { dataFolder, seed, programs = {}, log = silentLog, host = '127.0.0.1', name = '127.0.0.1' } = options;
  const core = await SandboxCore.open({ dataFolder, seed, programs, log });
  if (options.webhook) core.webhooks.add(options.webhook);
  const router = new Router(core.contract, restRoutes);
  const pages = new PagesEndpoint(core);
  const server = createServer((request, response) => {
    serve({ core, router, pages, name }, request, response).catch((error: unknown) => {
      log.error({ error: String(error) }, 'the sandbox failed outside of a route');
      response.destroy();
    });
  });
  // As at GitHub's own edge: clients close idle connections, not the server under them.
  server.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  core.url = `http://${name}:${(server.address() as AddressInfo).port}`;
  await core.actions.recover();
  return {
    url: core.url,
    control: sandboxControl(core),
    stop: async () => {
      await core.actions.stop();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await core.exclusively(() => core.store.save());
      await core.webhooks.settled();
    },
  };
}

interface Parts {
  readonly core: SandboxCore;
  readonly router: Router;
  readonly pages: PagesEndpoint;
  readonly name: string;
}

async function serve(
  { core, router, pages, name }: Parts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A name that a page elsewhere points at this port is not ours.
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!['127.0.0.1', 'localhost', name].includes(host))
    return send(request, response, json(421, { message: 'Loopback only' }));
  const body = await bodyOf(request);
  if (!body) return send(request, response, json(413, { message: 'Payload too large' }));
  const [rawPath = '/', search = ''] = (request.url ?? '/').split(/\?(.*)/s, 2);
  const query = Object.fromEntries(new URLSearchParams(search));
  const method = request.method ?? 'GET';
  const { authorization } = request.headers;
  const path = rawPath.replace(/^\/api\/v3(?=\/)/, '');
  if (method === 'POST' && (path === '/graphql' || path === '/api/graphql'))
    return send(request, response, await answerGraphql(core, authorization, body));
  if (path === '/ui' || path.startsWith('/ui/')) {
    const { cookie, origin } = request.headers;
    const site = request.headers['sec-fetch-site'];
    const fetchSite = typeof site === 'string' ? site : undefined;
    return send(request, response, await pages.answer({ method, path, query, body, cookie, origin, fetchSite }));
  }
  if (path.startsWith('/storage/')) return send(request, response, answerStorage(core, path, query));
  if (path.startsWith('/raw/')) return send(request, response, await answerRaw(core, path, authorization));
  const accept = request.headers.accept ?? '';
  return send(request, response, await answerRest(core, router, { method, path, query, authorization, accept, body }));
}

function answerStorage(core: SandboxCore, path: string, query: Record<string, string>): RestReply {
  const file = core.storage.opened(path, query);
  if (file === undefined) return json(404, { message: 'Not Found' });
  const type = file.endsWith('.zip') ? 'application/zip' : 'text/plain; charset=utf-8';
  return {
    status: 200,
    headers: { 'content-type': type, 'cache-control': 'no-store' },
    body: core.actions.artifacts.file(file),
  };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > BODY_LIMIT) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function send(request: IncomingMessage, response: ServerResponse, reply: RestReply): void {
  if (reply.cut) {
    response.destroy();
    return;
  }
  const { body } = reply;
  const headers: Record<string, string> = { 'x-github-media-type': 'github.v3; format=json', ...reply.headers };
  if (
    request.method === 'GET' &&
    reply.status === 200 &&
    body !== undefined &&
    headers['cache-control'] === undefined
  ) {
    headers.etag = `"${createHash('sha256').update(body).digest('hex')}"`;
    if (request.headers['if-none-match']?.replace(/^W\//, '') === headers.etag) {
      response.writeHead(304, { etag: headers.etag }).end();
      return;
    }
  }
  response.writeHead(reply.status, headers);
  response.end(request.method === 'HEAD' ? undefined : body);
}
