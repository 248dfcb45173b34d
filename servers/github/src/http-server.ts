import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { AuthInfo } from '@modelcontextprotocol/server';
import { type Log, PlanwardenError } from '@planwarden/contracts';
import { createHttpHandler, hostAndOriginGuard, type ServerFactory } from '@planwarden/mcp-server-kit';

export interface HttpServerOptions {
  readonly server: ServerFactory;
  /** 0 takes a free port. */
  readonly port: number;
  /** What callers must send as bearer token. */
  readonly bearerToken: string;
  readonly log: Log;
}

/** Largest request, in bytes: files are pushed as text. */
const MAX_BODY_BYTES = 8 * 1024 * 1024;

/**
 * Serves `/mcp` on 127.0.0.1 only.
 * @throws PlanwardenError PORT_IN_USE
 */
export async function startHttpServer(
  options: HttpServerOptions,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const hosts: string[] = [];
  const handler = createHttpHandler({
    server: options.server,
    guard: hostAndOriginGuard({ hosts, origins: [] }),
    authenticate: async (request) => authenticate(request, options.bearerToken),
    maxBodyBytes: MAX_BODY_BYTES,
    log: options.log,
  });
  const http = createServer((req, res) => {
    if ((req.url ?? '').split('?')[0] !== '/mcp') {
      res.writeHead(404, { 'content-type': 'text/plain' }).end('MCP is served at /mcp\n');
      return;
    }
    handler.handle(req, res).catch((error: unknown) => {
      options.log.error({ err: error }, 'MCP request failed');
      if (!res.headersSent) res.writeHead(500);
      res.end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    http.once('error', (cause) =>
      reject(
        new PlanwardenError('PORT_IN_USE', `The port ${options.port} cannot be opened.`, {
          where: { field: '--port' },
          remedy: 'Choose another port, or stop what uses it.',
          cause,
        }),
      ),
    );
    http.listen(options.port, '127.0.0.1', resolve);
  });
  const address = http.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  hosts.push(`127.0.0.1:${port}`, `localhost:${port}`);
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      await handler.close();
      http.closeAllConnections();
      await new Promise<void>((resolve) => http.close(() => resolve()));
    },
  };
}

function authenticate(request: Request, expected: string): AuthInfo {
  const header = request.headers.get('authorization');
  const remedy = 'Send the token of this server as `Authorization: Bearer`.';
  const token = header === null ? undefined : /^Bearer (\S+)$/i.exec(header)?.[1];
  if (token === undefined) throw new PlanwardenError('TOKEN_MISSING', 'A bearer token is missing.', { remedy });
  // Digests have one length, so the comparison tells nothing of the token.
  const digest = (text: string) => createHash('sha256').update(text).digest();
  if (!timingSafeEqual(digest(token), digest(expected))) {
    throw new PlanwardenError('TOKEN_INVALID', 'The bearer token is not the one of this server.', { remedy });
  }
  return { token, clientId: 'local', scopes: [] };
}
