import { type Migration, runMigrations } from '@planwarden/database';
import type { CallJournalEntry } from '@planwarden/mcp-client';
import type pg from 'pg';

const migrations: readonly Migration[] = [
  {
    name: '0001-mcp-calls',
    sql: `
      CREATE TABLE mcp_calls (
        id text PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY,
        run text,
        entry jsonb NOT NULL,
        at timestamptz NOT NULL DEFAULT clock_timestamp()
      );
      CREATE INDEX mcp_calls_by_run ON mcp_calls (run, position);
      CREATE TABLE installation (
        only_one boolean PRIMARY KEY DEFAULT true CHECK (only_one),
        id text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp()
      );`,
  },
];

export async function migrateOrchestrator(pool: pg.Pool): Promise<void> {
  await runMigrations(pool, 'orchestrator', migrations);
}

/** Id of the installation that this database belongs to; made on its first start. */
export async function installationId(pool: pg.Pool, fresh: () => string): Promise<string> {
  await pool.query('INSERT INTO installation (id) VALUES ($1) ON CONFLICT DO NOTHING', [fresh()]);
  const found = await pool.query<{ id: string }>('SELECT id FROM installation');
  return found.rows[0]?.id ?? '';
}

/** Every call to an outside MCP server, refused ones too, before its answer is used. */
export function callJournal(pool: pg.Pool): (entry: CallJournalEntry) => Promise<void> {
  return async (entry) => {
    await pool.query('INSERT INTO mcp_calls (id, run, entry) VALUES ($1, $2, $3)', [
      entry.id,
      entry.run,
      JSON.stringify(entry).replaceAll('\\u0000', '\\ufffd'),
    ]);
  };
}
