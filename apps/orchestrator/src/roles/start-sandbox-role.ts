import { lockFolder } from '../embedded/folder-lock.js';
import { assertPortsFree } from '../embedded/ports.js';
import { embeddedSecrets } from '../embedded/secrets.js';
import { startSandbox } from '../embedded/start-sandbox.js';
import { writeSandboxConnection } from '../sandbox-connection.js';
import { connectionFileOf } from './apart.js';
import { startHealthServer } from './health-server.js';
import type { RoleOptions, StartedRole } from './role.js';

/**
 * The outside world alone: GitHub, a cluster with its MCP server, Argo CD. It writes where it is, and the credentials
 * to use it with, into the connection file, which outlives it: the same folder gives the same world again.
 */
export async function startSandboxRole({ config, log, healthPort }: RoleOptions): Promise<StartedRole> {
  const { host, port } = config.listen;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const lock = await lockFolder(config.dataFolder);
    closing.push(() => lock.release());
    await assertPortsFree(host, port + 1, 3);
    const secrets = embeddedSecrets(
      config.dataFolder,
      config.people.map((person) => person.github.login),
    );
    const orchestrator = config.sandbox.orchestrator ?? `127.0.0.1:${port}`;
    const sandbox = await startSandbox({
      config,
      secrets,
      place: { host, name: config.sandbox.host, port: (of) => port + of },
      webhookUrl: `http://${orchestrator}/webhooks/github`,
      log,
    });
    closing.push(() => sandbox.stop());
    writeSandboxConnection(connectionFileOf(config), sandbox.connection);
    const health = await startHealthServer(healthPort, {});
    closing.push(() => health.close());
    log.info({ github: sandbox.github.url }, 'the sandbox is ready');
    return { words: `Planwarden sandbox is ready: GitHub at ${sandbox.github.url}/ui\n`, close };
  } catch (error) {
    await close();
    throw error;
  }
}
