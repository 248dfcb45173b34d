import { PlanwardenError, sha256 } from '@planwarden/contracts';
import type pg from 'pg';
import { withTransaction } from './pool.js';

/** One forward migration: a name that sorts (`0001-runs`) and its SQL, which must also suit the version still running. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

/** Any fixed number: all migrators of one database wait for each other on it. */
const MIGRATION_LOCK = 7_420_001;

/**
 * Brings one library's tables up to date. Forward only, safe to run twice and from several processes at once.
 * @param lib the owner of the tables, e.g. `runs`
 * @returns names of the migrations applied now
 * @throws PlanwardenError CONFIG_INVALID when an applied migration was changed afterwards or the list is out of order
 */
export async function runMigrations(pool: pg.Pool, lib: string, migrations: readonly Migration[]): Promise<string[]> {
  const names = migrations.map((migration) => migration.name);
  if (names.join() !== [...new Set(names)].sort().join()) {
    throw refused(lib, 'its migrations are not in order or one is there twice');
  }
  return withTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
    await client.query(`
      CREATE TABLE IF NOT EXISTS schema_migrations (
        lib text NOT NULL,
        name text NOT NULL,
        digest text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        PRIMARY KEY (lib, name)
      )`);
    const known = await client.query<{ name: string; digest: string }>(
      'SELECT name, digest FROM schema_migrations WHERE lib = $1',
      [lib],
    );
    const digests = new Map(known.rows.map((row) => [row.name, row.digest]));
    const applied: string[] = [];
    for (const migration of migrations) {
      const digest = sha256(migration.sql);
      const before = digests.get(migration.name);
      if (before === digest) continue;
      if (before !== undefined) throw refused(lib, `${migration.name} was changed after it had been applied`);
      await client.query(migration.sql);
      await client.query('INSERT INTO schema_migrations (lib, name, digest) VALUES ($1, $2, $3)', [
        lib,
        migration.name,
        digest,
      ]);
      applied.push(migration.name);
    }
    return applied;
  });
}

function refused(lib: string, why: string): PlanwardenError {
  return new PlanwardenError('CONFIG_INVALID', `migrations of ${lib}: ${why}`, {
    remedy: 'Use the release this database was last opened with, or a newer one; never edit an applied migration.',
  });
}
