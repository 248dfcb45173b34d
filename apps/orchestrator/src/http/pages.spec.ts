import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import express from 'express';
import { servePages } from './pages.js';

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const folder = mkdtempSync(join(tmpdir(), 'planwarden-pages-'));
let server: Server;

beforeAll(async () => {
  writeFileSync(join(folder, 'index.html'), '<title>the one page</title>');
  writeFileSync(join(folder, 'app.js'), 'run();');
  const app = express();
  app.use(...servePages(folder));
  app.use((_request, response) => void response.status(404).json({ code: 'ROUTE_UNKNOWN' }));
  server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['/', BROWSER, 200, 'the one page'],
  ['/runs/run_1', '*/*', 200, 'the one page'],
  ['/app.js', '*/*', 200, 'run();'],
  ['/run/run_1', BROWSER, 404, 'the one page'],
  ['/run/run_1', '*/*', 404, 'ROUTE_UNKNOWN'],
  ['/assets/gone.js', '*/*', 404, 'ROUTE_UNKNOWN'],
  ['/api/v1/nothing', BROWSER, 404, 'ROUTE_UNKNOWN'],
  ['/metrics', BROWSER, 404, 'ROUTE_UNKNOWN'],
])('%s for whoever accepts %s answers %i', async (path, accept, status, words) => {
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    headers: { accept },
  });
  expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(words)]);
});
