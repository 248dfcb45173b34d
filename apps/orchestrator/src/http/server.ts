import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PlanwardenError } from '@planwarden/contracts';
import express, { type NextFunction, type Request, type Response } from 'express';
import type { App } from '../app.js';
import { AppModule } from '../app.module.js';
import type { Listen } from '../config.file.js';
import { checkHostAndOrigin } from './caller.js';
import { ErrorFilter } from './error.filter.js';
import { mcpEndpoint } from './mcp.endpoint.js';
import { statusOf } from './status.js';
import { webhookBody } from './webhook-body.js';

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** Pages may load only from here, run no inline script, and be framed by nobody. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/**
 * Serves REST, MCP, webhooks and the pages on one port: of loopback, or behind a container under the names it lists.
 * @throws PlanwardenError PORT_IN_USE
 */
export async function startHttpServer(app: App, listen: Listen): Promise<HttpServer> {
  const nest = await NestFactory.create<NestExpressApplication>(AppModule.of(app), {
    logger: false,
    bodyParser: false,
    abortOnError: false,
  });
  let port = listen.port;
  const mcp = mcpEndpoint(app);
  nest.disable('x-powered-by');
  nest.use((request: Request, response: Response, next: NextFunction) => {
    const began = performance.now();
    response.once('finish', () =>
      app.metrics.answered(request.method, response.statusCode, (performance.now() - began) / 1000),
    );
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      checkHostAndOrigin(request, { port, hosts: listen.hosts });
      next();
    } catch (error) {
      if (!(error instanceof PlanwardenError)) throw error;
      response.status(statusOf(error.code)).json(error.toBody());
    }
  });
  nest.use('/mcp', (request: Request, response: Response) => void mcp.handle(request, response));
  // A webhook's signature is over the bytes as sent: nothing parses them before.
  nest.use('/webhooks/github', ...webhookBody(app));
  nest.useBodyParser('json', { limit: '1mb', strict: false, type: () => true });
  nest.useGlobalFilters(new ErrorFilter(app.log));
  if (app.webFolder !== null) servePages(nest, app.webFolder);
  try {
    await nest.listen(listen.port, listen.host);
  } catch (error) {
    await mcp.close();
    throw isInUse(error) ? portInUse(listen) : error;
  }
  const server = nest.getHttpServer() as Server;
  // Longer than any client keeps an idle connection: else a request may meet its end on the way.
  server.keepAliveTimeout = 75_000;
  port = (server.address() as AddressInfo).port;
  return {
    port,
    url: `http://${listen.hosts?.[0] ?? `${listen.host}:${port}`}`,
    close: async () => {
      await mcp.close();
      server.closeAllConnections();
      await nest.close();
    },
  };
}

/** The pages find their own way: every path that is no route and no file answers with the one page. */
function servePages(nest: NestExpressApplication, folder: string): void {
  nest.use(express.static(folder, { index: false, cacheControl: false }));
  nest.use((request: Request, response: Response, next: NextFunction) => {
    const isPage = /^\/(?:$|runs(?:\/|$)|new(?:\/|$)|freezes(?:\/|$)|passkeys(?:\/|$)|sign-in(?:\/|$))/.test(
      request.path,
    );
    if (request.method !== 'GET' || !isPage) return next();
    response.sendFile(join(folder, 'index.html'));
  });
}

const isInUse = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EADDRINUSE';

function portInUse({ host, port }: Listen): PlanwardenError {
  return new PlanwardenError('PORT_IN_USE', `port ${port} on ${host} is in use`, {
    where: { field: 'listen.port' },
    remedy: 'Stop what listens there, or start with --port and another number.',
  });
}
