import { join } from 'node:path';
import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { pagesHostOf } from './by-name.js';

const PAGE = /^\/(?:$|runs(?:\/|$)|new(?:\/|$)|freezes(?:\/|$)|passkeys(?:\/|$)|sign-in(?:\/|$))/;
/** What programs call: they are answered in JSON, whatever they accept. */
const PROGRAMS = /^\/(?:api|mcp|webhooks|livez|readyz|metrics)(?:\/|$)/;

const isPage = ({ method, path }: Request): boolean => method === 'GET' && PAGE.test(path);

/** Whether somebody mistyped an address in a browser: only those ask for HTML before anything else. */
const isStray = (request: Request): boolean =>
  request.method === 'GET' && !PROGRAMS.test(request.path) && request.accepts(['json', 'html']) === 'html';

/** Whoever opens a page at the address goes on under the name; a browser keeps what stands behind the #. */
export function sendToName(request: Request, response: Response, next: NextFunction): void {
  const host = pagesHostOf(response);
  if (!isPage(request) || host === request.headers.host) next();
  else response.redirect(307, `http://${host}${request.originalUrl}`);
}

/** The pages find their own way: every address of theirs answers with the one page, which also says that there is none. */
export function servePages(folder: string): readonly RequestHandler[] {
  const files = express.static(folder, { index: false, cacheControl: false });
  const page: RequestHandler = (request, response, next) => {
    if (isStray(request) && !isPage(request)) response.status(404);
    else if (!isPage(request)) return next();
    response.sendFile(join(folder, 'index.html'));
  };
  return [files, page];
}
