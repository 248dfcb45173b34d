import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  createPool,
  isDatabaseAway,
  runMigrations,
  startEmbeddedPostgres,
  startTestDatabase,
  type TestDatabase,
  withTransaction,
} from './index.js';

describe('transactions and migrations', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startTestDatabase();
  });
  afterAll(async () => {
    await database?.close();
  });

  test('sessions run in UTC on PostgreSQL 18', async () => {
    const answer = await database.pool.query<{ zone: string; version: string }>(
      "SELECT current_setting('TimeZone') AS zone, current_setting('server_version') AS version",
    );
    expect(answer.rows[0]?.zone).toBe('UTC');
    expect(answer.rows[0]?.version).toMatch(/^18\./);
  });

  test('keeps nothing of a transaction whose work throws', async () => {
    await database.pool.query('CREATE TABLE kept (id int PRIMARY KEY)');
    await expect(
      withTransaction(database.pool, async (client) => {
        await client.query('INSERT INTO kept VALUES (1)');
        throw new Error('half way');
      }),
    ).rejects.toThrow('half way');
    await withTransaction(database.pool, (client) => client.query('INSERT INTO kept VALUES (2)'));
    expect((await database.pool.query('SELECT id FROM kept')).rows).toEqual([{ id: 2 }]);
  });

  test('runs a transaction again after a deadlock', async () => {
    await database.pool.query(
      'CREATE TABLE pair (id int PRIMARY KEY, n int NOT NULL); INSERT INTO pair VALUES (1, 0), (2, 0)',
    );
    let waiting = 0;
    let bothHold: () => void = () => undefined;
    const together = new Promise<void>((done) => {
      bothHold = done;
    });
    const move = (first: number, second: number): Promise<void> =>
      withTransaction(database.pool, async (client) => {
        await client.query('UPDATE pair SET n = n + 1 WHERE id = $1', [first]);
        waiting += 1;
        if (waiting >= 2) bothHold();
        await together;
        await client.query('UPDATE pair SET n = n + 1 WHERE id = $1', [second]);
      });
    await Promise.all([move(1, 2), move(2, 1)]);
    expect((await database.pool.query('SELECT n FROM pair ORDER BY id')).rows).toEqual([{ n: 2 }, { n: 2 }]);
    // At least one of the two was run again; under load they may meet once more.
    expect(waiting).toBeGreaterThanOrEqual(3);
  });

  test('a connection that is cut in the middle of a transaction fails that transaction and nothing else', async () => {
    const cut = withTransaction(database.pool, async (client) => {
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      const lost = new Promise((resolve) => client.once('end', resolve));
      await database.pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      // Between two queries: nobody waits for an answer of this connection now.
      await lost;
      await client.query('SELECT 1');
    });
    await expect(cut).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE', failure: 'retryable' });
    expect(await withTransaction(database.pool, async () => 'goes on')).toBe('goes on');
  });

  test('a statement that takes too long, and a transaction that stood still too long, say that the database is away', async () => {
    const { pool } = database;
    const late = async (setting: string, statement: string) =>
      withTransaction(pool, async (client) => {
        const gone = new Promise((resolve) => client.once('end', resolve));
        await client.query(`SET LOCAL ${setting} = 40`);
        if (setting.startsWith('idle')) await gone;
        await client.query(statement);
      });
    await pool.query('CREATE TABLE held (id int PRIMARY KEY); INSERT INTO held VALUES (1)');
    const away = { code: 'DATABASE_UNAVAILABLE', failure: 'retryable' };
    await withTransaction(pool, async (holder) => {
      await holder.query('SELECT 1 FROM held FOR UPDATE');
      const row = 'SELECT 1 FROM held FOR UPDATE';
      await expect(late('statement_timeout', row)).rejects.toMatchObject(away);
      await expect(late('lock_timeout', row)).rejects.toMatchObject(away);
    });
    await expect(late('idle_in_transaction_session_timeout', 'SELECT 1')).rejects.toMatchObject(away);
  });

  test.each(['EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ECONNABORTED', '25P03', '08006', '57P03'])(
    '%s says that the database is away',
    (code) => {
      expect(isDatabaseAway(Object.assign(new Error('no'), { code }))).toBe(true);
    },
  );

  test('applies migrations once, also when four processes migrate at the same time', async () => {
    const migrations = [
      { name: '0001-things', sql: 'CREATE TABLE things (id int)' },
      { name: '0002-more', sql: 'INSERT INTO things VALUES (1)' },
    ];
    const all = await Promise.all(Array.from({ length: 4 }, () => runMigrations(database.pool, 'things', migrations)));
    expect(all.flat().sort()).toEqual(['0001-things', '0002-more']);
    expect((await database.pool.query('SELECT count(*)::int AS n FROM things')).rows).toEqual([{ n: 1 }]);
    const next = [...migrations, { name: '0003-again', sql: 'INSERT INTO things VALUES (2)' }];
    expect(await runMigrations(database.pool, 'things', next)).toEqual(['0003-again']);
  });

  test('refuses a migration that was changed after it had been applied, and a list out of order', async () => {
    await runMigrations(database.pool, 'edited', [{ name: '0001-a', sql: 'SELECT 1' }]);
    await expect(runMigrations(database.pool, 'edited', [{ name: '0001-a', sql: 'SELECT 2' }])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('0001-a was changed'),
    });
    await expect(
      runMigrations(database.pool, 'order', [
        { name: '0002-b', sql: 'SELECT 1' },
        { name: '0001-a', sql: 'SELECT 1' },
      ]),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('applies nothing of a migration list when one of it fails', async () => {
    await expect(
      runMigrations(database.pool, 'broken', [
        { name: '0001-fine', sql: 'CREATE TABLE never_there (id int)' },
        { name: '0002-broken', sql: 'CREATE TABLE (' },
      ]),
    ).rejects.toThrow('syntax error');
    expect((await database.pool.query("SELECT to_regclass('never_there') AS t")).rows).toEqual([{ t: null }]);
  });

  test('a database that is not there is named so, and may be tried again', async () => {
    const pool = createPool({ connectionString: 'postgresql://planwarden@127.0.0.1:1/postgres' });
    await expect(withTransaction(pool, (client) => client.query('SELECT 1'))).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      failure: 'retryable',
    });
    await pool.end();
  });
});

describe('embedded PostgreSQL', () => {
  let dataFolder = '';
  beforeEach(() => {
    dataFolder = mkdtempSync(join(tmpdir(), 'planwarden-embedded-'));
  });
  afterEach(() => rmSync(dataFolder, { recursive: true, force: true }));

  const read = async (connectionString: string, sql: string): Promise<unknown[]> => {
    const pool = createPool({ connectionString });
    try {
      return (await pool.query(sql)).rows;
    } finally {
      await pool.end();
    }
  };

  async function portNobodyHas(): Promise<number> {
    const probe = createServer();
    await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
    const { port } = probe.address() as AddressInfo;
    await new Promise((done) => probe.close(done));
    return port;
  }

  test('finds its data again on the second start, and is gone after stop', async () => {
    const first = await startEmbeddedPostgres({ dataFolder });
    await read(first.connectionString, 'CREATE TABLE t AS SELECT 7 AS n');
    await first.stop();
    expect(existsSync(join(dataFolder, 'postgres', 'postmaster.pid'))).toBe(false);
    const second = await startEmbeddedPostgres({ dataFolder });
    expect(second.adopted).toBe(false);
    expect(await read(second.connectionString, 'SELECT n FROM t')).toEqual([{ n: 7 }]);
    await second.stop();
    await expect(read(second.connectionString, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
  });

  test('takes another port where somebody listens on the one it picked before the server does', async () => {
    // Says nothing, and hears when the other side hangs up.
    const silent = createServer((socket) => void socket.on('error', () => undefined).resume());
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const { port: taken } = silent.address() as AddressInfo;
    const asked: number[] = [];
    const pickPort = async (): Promise<number> => {
      const port = asked.length === 0 ? taken : await portNobodyHas();
      asked.push(port);
      return port;
    };
    const server = await startEmbeddedPostgres({ dataFolder, durable: false, pickPort });
    expect([asked[0], asked.length > 1, server.port]).toEqual([taken, true, asked.at(-1)]);
    expect(await read(server.connectionString, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await server.stop();
    // One that was asked for is not exchanged for another.
    await expect(startEmbeddedPostgres({ dataFolder, durable: false, port: taken })).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
    await new Promise((done) => silent.close(done));
  });

  test('refuses a second owner of the same folder in one clear line', async () => {
    const owner = await startEmbeddedPostgres({ dataFolder, durable: false });
    await expect(startEmbeddedPostgres({ dataFolder, durable: false })).rejects.toMatchObject({
      code: 'DATA_FOLDER_LOCKED',
      where: { field: '--data' },
    });
    expect(await read(owner.connectionString, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await owner.stop();
  });

  test('tells when the server dies, and starts again on the same data', async () => {
    const server = await startEmbeddedPostgres({ dataFolder });
    await read(server.connectionString, 'CREATE TABLE t AS SELECT 8 AS n');
    const gone = new Promise<void>((done) => server.onExit(done));
    const pid = Number(readFileSync(join(dataFolder, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGQUIT'); // immediate shutdown: what a crash leaves
    await gone;
    await server.stop();
    const again = await startEmbeddedPostgres({ dataFolder });
    expect(await read(again.connectionString, 'SELECT n FROM t')).toEqual([{ n: 8 }]);
    await again.stop();
  });

  test('adopts the server that a killed process left behind', async () => {
    const first = await startEmbeddedPostgres({ dataFolder });
    await first.stop();
    const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { postgresBinaries } = await import('./postgres.binaries.js');
    const orphan = spawn(
      postgresBinaries().postgres,
      [
        '-D',
        join(dataFolder, 'postgres'),
        '-p',
        String(first.port),
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        'unix_socket_directories=',
      ],
      { ...user, env: {}, stdio: 'ignore' },
    );
    const ended = new Promise((done) => orphan.once('exit', done));
    const pidFile = join(dataFolder, 'postgres', 'postmaster.pid');
    while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8').split('\n').length < 8) {
      await new Promise((done) => setImmediate(done));
    }
    const server = await startEmbeddedPostgres({ dataFolder });
    expect([server.adopted, server.port]).toEqual([true, first.port]);
    await server.stop();
    await ended;
  });

  test('keeps its password out of sight of other users', async () => {
    const server = await startEmbeddedPostgres({ dataFolder, durable: false });
    const { statSync } = await import('node:fs');
    expect(statSync(join(dataFolder, 'postgres.password')).mode & 0o777).toBe(0o600);
    await expect(read(server.connectionString.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(
      'password authentication failed',
    );
    await server.stop();
  });
});
