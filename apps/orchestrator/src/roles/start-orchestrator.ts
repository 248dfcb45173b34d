import { appOf } from '../compose.js';
import { startHttpServer } from '../http/server.js';
import { operatorTokenOf } from '../installation-secrets.js';
import { removeAddress, writeAddress } from './address-file.js';
import { composeApart } from './apart.js';
import type { RoleOptions, StartedRole } from './role.js';

/** MCP, REST, pages and webhooks, without a worker: what it is asked for waits until one advances it. */
export async function startOrchestrator({ config, log }: RoleOptions): Promise<StartedRole> {
  const operatorToken = operatorTokenOf(config);
  const { parts, connection } = await composeApart(config, log);
  try {
    const app = appOf(parts, {
      operatorToken,
      webhookSecret: connection.github.webhookSecret,
    });
    const http = await startHttpServer(app, config.listen);
    writeAddress(config, {
      url: http.url,
      sandbox: { github: connection.github.url, kubernetes: connection.kubernetes.url },
    });
    log.info({ url: http.url }, 'the orchestrator is ready');
    return {
      // No sign-in link: what containers print is kept by whoever collects it.
      words: `Planwarden is ready at ${http.pagesUrl}: MCP at ${http.url}/mcp; sign in by: planwarden sign-in <person>\n`,
      close: async () => {
        removeAddress(config);
        await http.close();
        await app.deliveries.settled();
        await parts.close();
      },
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
}
