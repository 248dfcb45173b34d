import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Log, PlanwardenError, silentLog } from '@planwarden/contracts';
import pg from 'pg';
import { isOpenToAll, type PostgresBinaries, postgresBinaries } from './postgres.binaries.js';

export interface EmbeddedPostgresOptions {
  /** The server's files go to `<dataFolder>/postgres`, its password to `<dataFolder>/postgres.password`. */
  readonly dataFolder: string;
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Names a free one, once more where somebody took it before the server listened. Default: what the system hands out. */
  readonly pickPort?: () => Promise<number>;
  /** False only in tests: no fsync, so a power cut may lose data. Default true. */
  readonly durable?: boolean;
  readonly log?: Log;
}

export interface EmbeddedPostgres {
  readonly connectionString: string;
  readonly port: number;
  /** True when a server left over by a killed process was taken over instead of starting one. */
  readonly adopted: boolean;
  /** Fast shutdown; resolves when the process is gone. */
  stop(): Promise<void>;
  /** Calls back once when the server ends without stop(). */
  onExit(callback: () => void): void;
}

const USER = 'planwarden';
/** Held by the process that owns the data folder, on a connection of its own: gone when that process is gone. */
const OWNER_LOCK = 7_420_002;
const READY_WITHIN_MS = 60_000;
/** How many ports are tried where none was asked for. */
const PORTS = 5;

/**
 * Starts real PostgreSQL on loopback from npm's binaries, or adopts the one a killed process left behind.
 * @throws PlanwardenError DATA_FOLDER_LOCKED when another live process owns the folder, DATABASE_UNAVAILABLE when the
 * server does not start, CONFIG_INVALID when run as root in a folder that only root may pass
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataFolder, durable = true, log = silentLog } = options;
  const home = resolve(dataFolder);
  const cluster = join(home, 'postgres');
  const binaries = postgresBinaries();
  prepareFolder(home, binaries);
  const password = initialise(home, cluster, binaries, durable);

  const left = runningServer(cluster);
  if (left) {
    const url = connectionString(left.port, password);
    const owner = await own(url, () => isAlive(left.pid));
    log.info({ pid: left.pid }, 'took over the database server of a process that was killed');
    return handle({ port: left.port, url, owner, pid: left.pid, child: undefined });
  }

  const { pickPort = freePort } = options;
  for (let left = options.port ? 1 : PORTS; ; left -= 1) {
    const port = options.port || (await pickPort());
    const server = await listenOn({ port, cluster, password, binaries, durable, log, isLast: left === 1 });
    if (server !== undefined) return handle(server);
  }
}

interface Attempt {
  readonly port: number;
  readonly cluster: string;
  readonly password: string;
  readonly binaries: PostgresBinaries;
  readonly durable: boolean;
  readonly log: Log;
  /** A port that is taken is then an error. */
  readonly isLast: boolean;
}

/** Starts the server on this port; undefined where somebody else listens there by now and another port may be tried. */
async function listenOn({ port, cluster, password, binaries, durable, log, isLast }: Attempt) {
  const child = spawn(binaries.postgres, serverArguments(cluster, port, durable), {
    ...binaries.user,
    cwd: cluster,
    // A group of its own: a terminal's Ctrl-C reaches us alone, and the database ends when nobody uses it any more.
    detached: true,
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const said: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said.push(text);
    if (said.length > 50) said.shift();
  });
  child.on('error', () => undefined); // the exit code tells
  // `close`: everything it said has been read.
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  const url = connectionString(port, password);
  const isStarting = (): boolean => child.exitCode === null && child.signalCode === null && child.pid !== undefined;
  try {
    const owner = await own(url, isStarting, closed);
    return { port, url, owner, pid: child.pid ?? 0, child };
  } catch (error) {
    child.kill('SIGINT');
    await closed;
    if (/lock file .* already exists/.test(said.join(''))) throw locked();
    if (!isLast && /Address already in use/.test(said.join(''))) return undefined;
    log.error({ postgres: said.join('').slice(-2000) }, 'the database server did not start');
    throw error;
  }
}

/** As root the server runs as nobody, which must be able to pass the folders above its own. */
function prepareFolder(home: string, binaries: PostgresBinaries): void {
  mkdirSync(home, { recursive: true, mode: 0o700 });
  if (!('uid' in binaries.user)) return;
  chmodSync(home, 0o711);
  if (isOpenToAll(home)) return;
  throw new PlanwardenError('CONFIG_INVALID', 'the data folder lies below a folder that only root may pass', {
    where: { field: '--data' },
    remedy: 'As root choose another one, e.g. --data /var/lib/planwarden: the database server never runs as root.',
  });
}

function initialise(home: string, cluster: string, binaries: PostgresBinaries, durable: boolean): string {
  const passwordFile = join(home, 'postgres.password');
  if (existsSync(join(cluster, 'PG_VERSION')) && existsSync(passwordFile))
    return readFileSync(passwordFile, 'utf8').trim();
  rmSync(cluster, { recursive: true, force: true }); // a first start that was cut off: nothing was in it
  const password = randomBytes(24).toString('base64url');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const handover = mkdtempSync(join(tmpdir(), 'planwarden-initdb-'));
  const partial = `${cluster}.new`;
  try {
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { mode: 0o700 });
    const file = join(handover, 'password');
    writeFileSync(file, password, { mode: 0o600 });
    if ('uid' in binaries.user) {
      for (const path of [handover, file, partial]) chownSync(path, binaries.user.uid, binaries.user.gid);
    }
    const args = [
      '-D',
      partial,
      '-U',
      USER,
      `--pwfile=${file}`,
      '-A',
      'scram-sha-256',
      '-E',
      'UTF8',
      '--locale=C',
      '--no-instructions',
    ];
    const made = spawnSync(binaries.initdb, durable ? args : [...args, '--no-sync'], {
      ...binaries.user,
      cwd: handover,
      env: { PATH: '/usr/bin:/bin' }, // initdb asks a shell for the version of postgres
      encoding: 'utf8',
    });
    if (made.status !== 0) {
      throw new PlanwardenError('DATABASE_UNAVAILABLE', 'the database folder could not be made', {
        remedy: 'Look whether the disk is full and the data folder can be written.',
        cause: new Error((made.stderr ?? made.error?.message ?? '').slice(-2000)),
      });
    }
    renameSync(partial, cluster);
  } finally {
    rmSync(handover, { recursive: true, force: true });
  }
  return password;
}

function serverArguments(cluster: string, port: number, durable: boolean): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '100',
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    // Connections keep the plans of their statements: a table that grows fast from nothing is to be known as large soon.
    autovacuum_naptime: '10s',
    ...(durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    cluster,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
  ];
}

/**
 * Connects as soon as the server answers, and takes the owner's lock.
 * @param ended when there is no server any more: whoever listens there instead of it may never answer
 */
async function own(url: string, isStarting: () => boolean, ended?: Promise<void>): Promise<pg.Client> {
  const over = ended?.then(() => Promise.reject(new Error('the server ended')));
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const socket = new Socket();
    const client = new pg.Client({
      ...{ connectionString: url, application_name: 'planwarden-owner', keepAlive: true },
      stream: () => socket,
    });
    client.on('error', () => undefined); // told through onExit
    try {
      await (over === undefined ? client.connect() : Promise.race([client.connect(), over]));
      const got = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1) AS got', [OWNER_LOCK]);
      if (got.rows[0]?.got) return client;
      await client.end();
      throw locked();
    } catch (error) {
      if (error instanceof PlanwardenError) throw error;
      // A stranger may never hang up.
      socket.destroy();
      if (!isStarting() || Date.now() > until) {
        throw new PlanwardenError('DATABASE_UNAVAILABLE', 'the database server did not start', {
          remedy: 'Look into the log above this line; if the port is taken, give another one.',
          cause: error,
        });
      }
      await delay(20);
    }
  }
}

function locked(): PlanwardenError {
  return new PlanwardenError('DATA_FOLDER_LOCKED', 'another Planwarden process is using this data folder', {
    where: { field: '--data' },
    remedy: 'Stop the other one, or give another folder with --data.',
  });
}

interface Server {
  readonly port: number;
  readonly url: string;
  readonly owner: pg.Client;
  readonly pid: number;
  readonly child: ChildProcess | undefined;
}

function handle({ port, url, owner, pid, child }: Server): EmbeddedPostgres {
  let stopping = false;
  const callbacks: (() => void)[] = [];
  owner.on('end', () => {
    if (!stopping) for (const callback of callbacks) callback();
  });
  const killOnExit = (): void => {
    child?.kill('SIGINT');
  };
  process.once('exit', killOnExit);
  return {
    connectionString: url,
    port,
    adopted: child === undefined,
    onExit: (callback) => void callbacks.push(callback),
    stop: async () => {
      if (stopping) return;
      stopping = true;
      process.off('exit', killOnExit);
      await owner.end().catch(() => undefined);
      if (!isAlive(pid)) return;
      process.kill(pid, 'SIGINT');
      while (isAlive(pid) && (child === undefined || (child.exitCode === null && child.signalCode === null)))
        await delay(10);
    },
  };
}

/** Pid and port of a live server on this folder, from the pid file Postgres keeps. */
function runningServer(cluster: string): { pid: number; port: number } | undefined {
  const file = join(cluster, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const [pid, , , port] = readFileSync(file, 'utf8').split('\n').map(Number);
  return pid && port && isAlive(pid) ? { pid, port } : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function connectionString(port: number, password: string): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (typeof address !== 'object' || address === null) throw new Error('no port was given');
  return address.port;
}
