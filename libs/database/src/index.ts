export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './embedded-postgres.js';
export { type Migration, runMigrations } from './migrations.js';
export { createPool, isDatabaseAway, type PoolOptions, withTransaction } from './pool.js';
export { startTestDatabase, type TestDatabase } from './test-database.js';
