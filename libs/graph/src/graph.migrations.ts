import { type Migration, runMigrations } from '@planwarden/database';
import type pg from 'pg';

const migrations: readonly Migration[] = [
  {
    name: '0001-graph',
    sql: `
      CREATE TABLE graph_snapshots (
        id text PRIMARY KEY,
        position bigint GENERATED ALWAYS AS IDENTITY,
        cluster text NOT NULL,
        coverage jsonb NOT NULL,
        taken_at timestamptz NOT NULL
      );
      CREATE INDEX graph_snapshots_newest ON graph_snapshots (cluster, position DESC);
      CREATE TABLE graph_nodes (
        id text PRIMARY KEY,
        cluster text NOT NULL,
        kind text NOT NULL,
        -- As coverage names it: group and kind.
        covered_as text NOT NULL,
        name text NOT NULL,
        namespace text,
        environment text,
        properties jsonb NOT NULL,
        source text NOT NULL CHECK (source IN ('import', 'run')),
        run text,
        observed_at timestamptz NOT NULL
      );
      CREATE INDEX graph_nodes_by_place ON graph_nodes (cluster, namespace, kind);
      CREATE TABLE graph_edges (
        from_id text NOT NULL,
        to_id text NOT NULL,
        kind text NOT NULL,
        PRIMARY KEY (from_id, to_id, kind)
      );
      CREATE INDEX graph_edges_back ON graph_edges (to_id);`,
  },
  {
    name: '0002-outbox',
    sql: `
      CREATE TABLE graph_outbox (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        entry jsonb NOT NULL
      );`,
  },
];

/** Brings the tables of this library up to date. */
export async function migrateGraph(pool: pg.Pool): Promise<void> {
  await runMigrations(pool, 'graph', migrations);
}
