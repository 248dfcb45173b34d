import { join } from 'node:path';
import { type Log, PlanwardenError } from '@planwarden/contracts';
import { compose, type Parts } from '../compose.js';
import type { LoadedConfig } from '../config.js';
import { externalDatabase } from '../database.js';
import { planKeyOf } from '../installation-secrets.js';
import { outsideOf, readSandboxConnection, type SandboxConnection } from '../sandbox-connection.js';
import { terraformOptions } from '../terraform-runners.js';

/** What a process has that shares an installation with others. */
export interface Apart {
  readonly parts: Parts;
  readonly connection: SandboxConnection;
}

export const connectionFileOf = ({ sandbox, dataFolder }: LoadedConfig): string =>
  sandbox.connectionFile ?? join(dataFolder, 'sandbox.json');

/**
 * Puts the product together in a process that shares database, bell and outside with others.
 * @throws PlanwardenError CONFIG_INVALID while planwarden.yaml names no database that processes can share
 */
export async function composeApart(config: LoadedConfig, log: Log): Promise<Apart> {
  if (config.database.store !== 'postgres') {
    throw new PlanwardenError('CONFIG_INVALID', 'processes that are started apart need a database that they share', {
      where: { file: config.configFile, field: 'database' },
      remedy: 'Set database.store to postgres and say where it is, or start without --role.',
    });
  }
  const planKey = planKeyOf(config);
  const connection = readSandboxConnection(connectionFileOf(config));
  const parts = await compose({
    configFile: config.configFile,
    connectionString: await externalDatabase(config.database.postgres),
    outside: outsideOf(connection, log),
    terraform: terraformOptions(config, planKey),
    log,
  });
  return { parts, connection };
}
