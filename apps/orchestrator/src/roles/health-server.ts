import { createServer } from 'node:http';
import type { App } from '../app.js';
import { readinessOf } from '../readiness.js';

/**
 * Tells on a loopback port whether a process is well that listens to nobody else: /livez and /readyz, as the
 * orchestrator answers them.
 * @param port absent: nothing is started
 */
export async function startHealthServer(
  port: number | undefined,
  checks: App['checks'],
): Promise<{ close(): Promise<void> }> {
  if (port === undefined) return { close: async () => undefined };
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/livez') return answer(200, { status: 'ok' });
    if (request.url !== '/readyz') return answer(404, { status: 'unknown' });
    readinessOf(checks).then(
      (said) => answer(said.status === 'ok' ? 200 : 503, said),
      () => answer(500, { status: 'failed' }),
    );
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
