import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PlanwardenError } from '@planwarden/contracts';
import type { NextFunction, Request, Response } from 'express';
import type { App } from '../app.js';
import { AppModule } from '../app.module.js';
import type { Listen } from '../config.file.js';
import { byName, PAGES_HOST } from './by-name.js';
import { checkHostAndOrigin, type OwnNames } from './caller.js';
import { ErrorFilter } from './error.filter.js';
import { isInUse, KEEP_ALIVE_MS, listenBeside, portInUse } from './listening.js';
import { mcpEndpoint } from './mcp.endpoint.js';
import { sendToName, servePages } from './pages.js';
import { statusOf } from './status.js';
import { webhookBody } from './webhook-body.js';

export interface HttpServer {
  readonly port: number;
  /** What programs call. */
  readonly url: string;
  /** What people open. */
  readonly pagesUrl: string;
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
  const names: { port: number; readonly hosts: OwnNames['hosts'] } = { port: listen.port, hosts: listen.hosts };
  const mcp = mcpEndpoint(app);
  nest.disable('x-powered-by');
  nest.use((request: Request, response: Response, next: NextFunction) => {
    const began = performance.now();
    response.once('finish', () =>
      app.metrics.answered(request.method, response.statusCode, (performance.now() - began) / 1000),
    );
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      checkHostAndOrigin(request, names);
      response.locals[PAGES_HOST] = byName(request.headers.host ?? '', names);
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
  nest.use(sendToName);
  if (app.webFolder !== null) nest.use(...servePages(app.webFolder));
  try {
    await nest.listen(listen.port, listen.host);
  } catch (error) {
    await mcp.close();
    throw isInUse(error) ? portInUse(listen.host, listen.port) : error;
  }
  const server = nest.getHttpServer() as Server;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const bound = server.address() as AddressInfo;
  names.port = bound.port;
  const close = async (beside: Server | null) => {
    await mcp.close();
    beside?.close();
    for (const one of [server, beside]) one?.closeAllConnections();
    await nest.close();
  };
  try {
    const beside = await listenBeside(listen, bound, nest.getHttpAdapter().getInstance() as RequestListener);
    const host = listen.hosts?.[0] ?? `${listen.host === '::1' ? '[::1]' : listen.host}:${bound.port}`;
    return {
      port: bound.port,
      url: `http://${host}`,
      pagesUrl: `http://${byName(host, names)}`,
      close: () => close(beside),
    };
  } catch (error) {
    await close(null);
    throw error;
  }
}
