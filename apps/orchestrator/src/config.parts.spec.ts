import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isPlanwardenError, PlanwardenError, sha256 } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { parseConfig } from './config.file.js';
import { firstConfig } from './config.first.js';
import { externalDatabase } from './database.js';
import { lockFolder } from './embedded/folder-lock.js';
import { byName } from './http/by-name.js';
import { checkHostAndOrigin } from './http/caller.js';
import { operatorTokenOf, planKeyOf } from './installation-secrets.js';
import { readSandboxConnection } from './sandbox-connection.js';

const first = firstConfig(sha256('pwa_invented'));
const container = 'behind: container\n  hosts: [127.0.0.1:7420, orchestrator:7420]';
const listening = (text: string): string => first.replace('host: 127.0.0.1', text);

function refusalOf(act: () => unknown): PlanwardenError {
  try {
    act();
  } catch (error) {
    if (isPlanwardenError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('settings of parts that start apart', () => {
  test('behind a container every interface is listened on, and callers are named', () => {
    expect(parseConfig(listening(container)).listen).toEqual({
      host: '0.0.0.0',
      port: 7420,
      hosts: ['127.0.0.1:7420', 'orchestrator:7420'],
    });
    expect(parseConfig(first).listen).toEqual({ host: '127.0.0.1', port: 7420, hosts: null });
  });

  const postgres = (more: string) =>
    `${first}database:\n  store: postgres\n  postgres:\n    url: postgresql://planwarden@db:5432/planwarden\n${more}`;
  const redis = (url: string) => `${first}bell:\n  store: redis\n  redis:\n    url: ${url}\n`;
  test.each([
    ['no callers behind a container', listening('behind: container'), 'listen.behind', 'behind: container'],
    ['callers without a container', listening('hosts: [evil.test:80]'), 'listen.hosts', 'hosts:'],
    ['another thing to stand behind', listening('behind: firewall'), 'listen.behind', 'firewall'],
    ['a caller without a port', listening(container.replace('orchestrator:7420', 'all')), 'listen.hosts.1', 'hosts:'],
    [
      'any free port behind a container',
      listening(container).replace('port: 7420', 'port: 0'),
      'listen.port',
      'port: 0',
    ],
    ['a Postgres without a password file', postgres(''), 'database.postgres.passwordFile', 'postgres:'],
    [
      'a password in the address of Postgres',
      postgres('    passwordFile: /x\n').replace('planwarden@db', 'planwarden:pw@db'),
      'database.postgres.url',
      'pw@db',
    ],
    [
      'a password file by a relative path',
      postgres('    passwordFile: x\n'),
      'database.postgres.passwordFile',
      'File: x',
    ],
    ['a Redis without a password file', redis('redis://valkey:6379'), 'bell.redis.passwordFile', 'redis:'],
    ['a password in the address of Redis', redis('redis://:pw@valkey:6379'), 'bell.redis.url', ':pw@'],
    ['a bell of another make', `${first}bell: { store: kafka }\n`, 'bell.store', 'kafka'],
  ])('%s is refused, with field and line', (_, text, field, part) => {
    const refusal = refusalOf(() => parseConfig(text));
    expect([refusal.code, refusal.where?.field]).toEqual(['CONFIG_INVALID', field]);
    const lines = text.split('\n').flatMap((line, index) => (line.includes(part) ? [index + 1] : []));
    expect(lines).toContain(refusal.where?.line);
    expect(`${refusal.message} ${refusal.remedy}`).not.toContain('pw@');
  });
});

describe('callers', () => {
  const ask = (names: { port: number; hosts: readonly string[] | null }, host: string, origin?: string): string => {
    const headers = { host, ...(origin === undefined ? {} : { origin }) };
    try {
      checkHostAndOrigin({ headers } as never, names);
      return 'let in';
    } catch (error) {
      return error instanceof PlanwardenError ? error.code : 'other';
    }
  };

  test('behind a container only what is listed is let in, to the letter', () => {
    const names = { port: 7420, hosts: ['127.0.0.1:7420', 'orchestrator:7420'] };
    expect(ask(names, 'orchestrator:7420')).toBe('let in');
    expect(ask(names, '127.0.0.1:7420', 'http://127.0.0.1:7420')).toBe('let in');
    for (const host of ['localhost:7420', 'orchestrator', 'orchestrator:80', 'evil.test:7420', '']) {
      expect([host, ask(names, host)]).toEqual([host, 'HOST_REFUSED']);
    }
    expect(ask(names, '127.0.0.1:7420', 'http://evil.test')).toBe('ORIGIN_REFUSED');
    expect(ask(names, '127.0.0.1:7420', 'https://127.0.0.1:7420')).toBe('ORIGIN_REFUSED');
  });

  test('people are told the name where the server has one, and nothing is made up where not', () => {
    const loopback = { port: 7420, hosts: null };
    expect(['127.0.0.1:7420', '[::1]:7420', 'localhost:7420'].map((host) => byName(host, loopback))).toEqual(
      Array(3).fill('localhost:7420'),
    );
    expect(byName('127.0.0.1', { port: 80, hosts: null })).toBe('localhost');
    const listed = { port: 7420, hosts: ['127.0.0.1:7421', 'localhost:7421', 'orchestrator:7420'] };
    expect([byName('127.0.0.1:7421', listed), byName('orchestrator:7420', listed)]).toEqual([
      'localhost:7421',
      'orchestrator:7420',
    ]);
    expect(byName('127.0.0.1:7421', { port: 7420, hosts: ['127.0.0.1:7421'] })).toBe('127.0.0.1:7421');
  });

  test('on loopback no name that is listed nowhere', () => {
    const names = { port: 7420, hosts: null };
    expect([ask(names, 'localhost:7420'), ask(names, 'orchestrator:7420')]).toEqual(['let in', 'HOST_REFUSED']);
  });
});

describe('what a start asks of its surroundings', () => {
  let db: TestDatabase;
  let folder: string;
  beforeAll(async () => {
    db = await startTestDatabase();
    folder = mkdtempSync(join(tmpdir(), 'planwarden-parts-'));
  });
  afterAll(async () => {
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  /** Settings for the test's own Postgres, with one thing changed. */
  const settings = (change: (url: URL) => void = () => undefined, password?: string) => {
    const url = new URL(db.connectionString);
    const passwordFile = file('password', `${password ?? url.password}\n`);
    url.password = '';
    change(url);
    return { url: url.href.replace(':@', '@'), passwordFile, tls: false };
  };

  test('a Postgres that is there gives its address', async () => {
    expect(new URL(await externalDatabase(settings())).searchParams.get('sslmode')).toBe('disable');
  });

  test.each([
    ['a wrong password', () => settings(undefined, 'not-the-password'), 'OUTSIDE_REFUSED'],
    [
      'a database that is not there',
      () =>
        settings((url) => {
          url.pathname = '/none';
        }),
      'CONFIG_INVALID',
    ],
    [
      'nobody at the address',
      () =>
        settings((url) => {
          url.port = '1';
        }),
      'DATABASE_UNAVAILABLE',
    ],
    ['TLS that the server does not speak', () => ({ ...settings(), tls: true }), 'DATABASE_UNAVAILABLE'],
    [
      'a password file that is not there',
      () => ({ ...settings(), passwordFile: '/nowhere/password' }),
      'CONFIG_INVALID',
    ],
    ['an empty password file', () => settings(undefined, ' '), 'CONFIG_INVALID'],
  ])('%s is refused in words without the password', async (_, made, code) => {
    const refusal = await externalDatabase(made()).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code });
    const words = refusal as PlanwardenError;
    expect(`${words.message} ${words.remedy} ${JSON.stringify(words.toBody())}`).not.toContain('not-the-password');
  });

  test('secrets that parts share are demanded, and checked', () => {
    expect(refusalOf(() => operatorTokenOf({ secrets: {} })).where?.field).toBe('secrets.operatorTokenFile');
    expect(refusalOf(() => planKeyOf({ secrets: {} })).where?.field).toBe('secrets.planKeyFile');
    const short = { secrets: { operatorTokenFile: file('token', 'short'), planKeyFile: file('key', 'short') } };
    expect(refusalOf(() => operatorTokenOf(short)).code).toBe('CONFIG_INVALID');
    expect(refusalOf(() => planKeyOf(short)).code).toBe('CONFIG_INVALID');
    const key = 'ab'.repeat(32);
    expect(planKeyOf({ secrets: { planKeyFile: file('key', `${key}\n`) } }).toString('hex')).toBe(key);
    expect(operatorTokenOf({ secrets: {} }, 'kept')).toBe('kept');
  });

  test('a sandbox that has not started, and a file it did not write', () => {
    expect(refusalOf(() => readSandboxConnection(join(folder, 'none.json'))).code).toBe('OUTSIDE_UNAVAILABLE');
    const refusal = refusalOf(() => readSandboxConnection(file('other.json', '{"version":1,"secret":"do-not-tell"}')));
    expect([refusal.code, JSON.stringify(refusal.toBody()).includes('do-not-tell')]).toEqual(['CONFIG_INVALID', false]);
  });

  test('a data folder is held by one, given back, and taken over from one that is gone', async () => {
    const lock = await lockFolder(folder);
    await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'DATA_FOLDER_LOCKED' });
    await lock.release();
    // What a killed process leaves: a path on which nobody answers.
    const left = createServer();
    await new Promise<void>((resolve) => left.listen(join(folder, 'lock.left'), resolve));
    await (await lockFolder(folder)).release();
    await new Promise((resolve) => left.close(resolve));
  });
});
