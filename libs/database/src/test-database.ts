import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { startEmbeddedPostgres } from './embedded-postgres.js';
import { createPool } from './pool.js';

export interface TestDatabase {
  readonly pool: pg.Pool;
  readonly connectionString: string;
  close(): Promise<void>;
}

/** A real, empty PostgreSQL for one test file, without fsync; close() leaves no process and no file behind. */
export async function startTestDatabase(): Promise<TestDatabase> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'planwarden-test-'));
  const server = await startEmbeddedPostgres({ dataFolder, durable: false });
  const pool = createPool({ connectionString: server.connectionString, max: 20 });
  return {
    pool,
    connectionString: server.connectionString,
    close: async () => {
      await pool.end();
      await server.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
