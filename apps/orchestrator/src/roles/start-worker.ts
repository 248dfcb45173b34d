import { startRunWorker } from '../run-worker.js';
import { composeApart } from './apart.js';
import { startHealthServer } from './health-server.js';
import { type RoleOptions, type StartedRole, WORKER_GRACE_MS } from './role.js';

/** Advances runs. Any number of these may be started and stopped at any time; none needs a setting of its own. */
export async function startWorkerRole({ config, log, healthPort }: RoleOptions): Promise<StartedRole> {
  const { parts } = await composeApart(config, log);
  const closing: (() => Promise<void>)[] = [() => parts.close()];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const worker = await startRunWorker(parts, { log, graceMs: WORKER_GRACE_MS });
    closing.push(() => worker.close());
    const health = await startHealthServer(healthPort, parts.checks);
    closing.push(() => health.close());
    log.info({ pid: process.pid }, 'the worker is ready');
    return { words: 'Planwarden worker is ready.\n', close };
  } catch (error) {
    await close();
    throw error;
  }
}
