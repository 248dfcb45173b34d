import { PlanwardenError } from '@planwarden/contracts';
import { createPool } from '@planwarden/database';
import type { InstallationConfig } from './config.file.js';
import { readSecretFile } from './secret-file.js';

type External = Extract<InstallationConfig['database'], { store: 'postgres' }>['postgres'];

/**
 * The address of the Postgres that the operator names, with its password, once it has answered.
 * @throws PlanwardenError CONFIG_INVALID for a password file or a database that is not there, OUTSIDE_REFUSED for a
 *   wrong user or password, DATABASE_UNAVAILABLE
 */
export async function externalDatabase(settings: External): Promise<string> {
  const { url, passwordFile, tls, caFile } = settings;
  const at = new URL(url);
  at.password = encodeURIComponent(
    readSecretFile(passwordFile, 'database.postgres.passwordFile', 'the password of the Postgres user'),
  );
  at.searchParams.set('sslmode', tls ? 'verify-full' : 'disable');
  if (caFile !== undefined) at.searchParams.set('sslrootcert', caFile);
  const pool = createPool({ connectionString: at.href, max: 1 });
  try {
    await pool.query('SELECT 1');
    return at.href;
  } catch (cause) {
    throw refusal(cause, at.host);
  } finally {
    await pool.end();
  }
}

function refusal(cause: unknown, host: string): PlanwardenError {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  const where = { field: 'database.postgres' };
  if (code === '28P01' || code === '28000') {
    return new PlanwardenError('OUTSIDE_REFUSED', `Postgres at ${host} refuses the user or the password`, {
      where,
      remedy: 'Look at the user in database.postgres.url and at the content of database.postgres.passwordFile.',
      cause,
    });
  }
  if (code === '3D000') {
    return new PlanwardenError('CONFIG_INVALID', `Postgres at ${host} has no database of this name`, {
      where,
      remedy: 'Create the database, or mend database.postgres.url.',
      cause,
    });
  }
  return new PlanwardenError('DATABASE_UNAVAILABLE', `Postgres at ${host} cannot be reached`, {
    where,
    remedy: 'Look whether it runs there and speaks TLS if database.postgres.tls is not false.',
    cause,
  });
}
