import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, type EmbeddedPostgres, startEmbeddedPostgres } from '@planwarden/database';
import { freePort } from '../../apps/orchestrator/src/embedded/ports.js';
import { composeInit, ROOT, readCompose, type Service } from '../compose-file.js';
import { type Running, run, until } from '../e2e/process.js';
import { type Neo4j, startNeo4j } from './neo4j.js';

const { ensureRedis }: { ensureRedis(): string } = await import(
  new URL('../../scripts/peers/redis.mjs', import.meta.url).href
);

/** One container of docker-compose.yml as a process of this machine. */
export interface Container extends Running {
  readonly service: string;
  /** Its health check says yes. */
  healthy(): Promise<boolean>;
}

/**
 * The stack of docker-compose.yml without containers: the commands, settings, secrets and health checks are those of
 * the file; names of services become ports of loopback, and paths of mounts become the folders that they name.
 */
export interface Stack {
  /** Folder with `compose/` as compose:init writes it. */
  readonly to: string;
  readonly url: string;
  readonly databaseUrl: string;
  readonly containers: readonly Container[];
  secret(name: string): string;
  start(service: string): Promise<Container>;
  stop(): Promise<void>;
}

interface Places {
  readonly first: number;
  readonly postgres: number;
  readonly valkey: number;
  readonly neo4j: number;
}

export async function startStack(): Promise<Stack> {
  const to = mkdtempSync(join(tmpdir(), 'planwarden-stack-'));
  const made = composeInit(to);
  if (made.status !== 0) throw new Error(made.err);
  // As root Terraform's child is another user, which has to pass these folders; containers are never root.
  for (const path of ['.', 'compose', 'compose/data', 'compose/data/planwarden']) chmodSync(join(to, path), 0o711);
  const compose = readCompose();
  const secret = (name: string): string => readFileSync(join(to, 'compose/secrets', name), 'utf8').trim();
  const closing: (() => Promise<void>)[] = [async () => rmSync(to, { recursive: true, force: true })];
  const containers: Container[] = [];
  const stop = async (): Promise<void> => {
    for (const { child, exit } of [...containers].reverse()) {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await exit;
    }
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const first = await freePortsInARow(4);
    const postgres = await startPostgres(secret('postgres-password'), closing);
    const neo4j = await startNeo4jAsShipped(secret('neo4j-password'));
    closing.push(() => neo4j.stop());
    const places = { first, postgres: postgres.port, valkey: await freePort(), neo4j: portOf(neo4j.options.uri) };
    const config = join(to, 'compose/config/planwarden.yaml');
    writeFileSync(config, onLoopback(readFileSync(config, 'utf8'), to, places));
    await startValkey(compose.services.valkey, to, places, closing);
    const start = async (name: string): Promise<Container> => {
      const service = compose.services[name];
      if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
      const container = await startContainer(name, service, to, places);
      containers.push(container);
      await until(async () => {
        if (container.child.exitCode !== null) throw new Error(`${name} ended: ${container.err()}`);
        return container.healthy();
      });
      return container;
    };
    const url = `http://127.0.0.1:${first}`;
    return { to, url, databaseUrl: postgres.databaseUrl, containers, secret, start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** planwarden.yaml as it stands, with other addresses and other paths. */
function onLoopback(text: string, to: string, { first, postgres, valkey, neo4j }: Places): string {
  const replaced: readonly [string, string][] = [
    ['behind: container', 'behind: container\n  host: 127.0.0.1'],
    ['port: 7420', `port: ${first}`],
    [':7420', `:${first}`],
    ['orchestrator:', '127.0.0.1:'],
    ['\n  127.0.0.1: 127.0.0.1:', '\n  orchestrator: 127.0.0.1:'],
    ['@postgres:5432', `@127.0.0.1:${postgres}`],
    ['valkey:6379', `127.0.0.1:${valkey}`],
    ['neo4j:7687', `127.0.0.1:${neo4j}`],
    ['host: sandbox', 'host: 127.0.0.1'],
    ['/run/secrets/', `${join(to, 'compose/secrets')}/`],
    ['/run/planwarden/', `${join(to, 'compose/data/connection')}/`],
  ];
  return replaced.reduce((said, [from, into]) => {
    if (!said.includes(from)) throw new Error(`planwarden.yaml no longer says ${from}`);
    return said.replaceAll(from, into);
  }, text);
}

async function startContainer(name: string, service: Service, to: string, places: Places): Promise<Container> {
  const health = await freePort();
  const mounts = (service.volumes ?? []).map((volume): [string, string] => {
    const [host = '', inside = ''] = volume.split(':');
    return [inside, join(to, host)];
  });
  const native = (word: string): string => {
    const mount = mounts.find(([inside]) => word.includes(`=${inside}`));
    return (mount === undefined ? word : word.replace(mount[0], mount[1]))
      .replace(/\b7429\b/, String(health))
      .replace(/\b7420\b/, String(places.first));
  };
  const [node, ...args] = (service.command ?? []).map(native);
  if (node !== 'node') throw new Error(`${name} does not begin with node`);
  const [kind, checker, ...check] = (service.healthcheck?.test ?? []).map(native);
  if (kind !== 'CMD' || checker !== 'node') throw new Error(`the health check of ${name} is none of ours`);
  const running = run(args);
  const healthy = async (): Promise<boolean> => (await run(check).exit) === 0;
  return { ...running, service: name, healthy };
}

async function startPostgres(
  password: string,
  closing: (() => Promise<void>)[],
): Promise<{ readonly port: number; readonly databaseUrl: string }> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'planwarden-stack-postgres-'));
  closing.push(async () => rmSync(dataFolder, { recursive: true, force: true }));
  const server: EmbeddedPostgres = await startEmbeddedPostgres({ dataFolder, durable: false });
  closing.push(() => server.stop());
  const pool = createPool({ connectionString: server.connectionString, max: 1 });
  // As the image does it: a user with this password and a database of this name.
  await pool.query(`ALTER USER planwarden PASSWORD '${password}'`);
  await pool.query('CREATE DATABASE planwarden');
  await pool.end();
  const databaseUrl = `postgresql://planwarden:${password}@127.0.0.1:${server.port}/planwarden`;
  return { port: server.port, databaseUrl };
}

/** The command of the file, on the settings that compose:init wrote. */
async function startValkey(
  service: Service | undefined,
  to: string,
  { valkey }: Places,
  closing: (() => Promise<void>)[],
): Promise<void> {
  const [program, settings = ''] = service?.command ?? [];
  if (program !== 'valkey-server') throw new Error('the service valkey no longer begins with valkey-server');
  const file = join(to, 'compose', settings.replace('/run/', ''));
  const text = readFileSync(file, 'utf8').replace('bind 0.0.0.0', 'bind 127.0.0.1').replace('6379', String(valkey));
  writeFileSync(file, text.replace('dir /tmp', `dir ${to}`));
  const child = spawn(ensureRedis(), [file], { stdio: 'ignore' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  closing.push(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  await until(() => answers(valkey));
}

/** Neo4j on the settings that ship, but for its folders and its port. */
function startNeo4jAsShipped(password: string): Promise<Neo4j> {
  return startNeo4j(password, (port, home) =>
    readFileSync(join(ROOT, 'deploy/compose/neo4j/neo4j.conf'), 'utf8')
      .replace('server.default_listen_address=0.0.0.0', 'server.default_listen_address=127.0.0.1')
      .replace('=:7687', `=:${port}`)
      .replaceAll('=/data', `=${home}/data`)
      .replace('=/tmp', `=${home}/run`),
  );
}

const portOf = (uri: string): number => Number(new URL(uri).port);

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });

async function freePortsInARow(count: number): Promise<number> {
  for (;;) {
    const first = await freePort();
    const free = await Promise.all(Array.from({ length: count }, (_, index) => isFree(first + index)));
    if (free.every(Boolean)) return first;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** A folder as the demo attaches to one: what an operator of the stack may read, put together. */
export function attachFolder({ to, secret }: Stack): string {
  const folder = mkdtempSync(join(to, 'attach-'));
  const data = join(to, 'compose/data');
  writeFileSync(join(folder, 'address.json'), readFileSync(join(data, 'planwarden/address.json')));
  writeFileSync(join(folder, 'secrets.json'), readFileSync(join(data, 'sandbox/secrets.json')));
  writeFileSync(join(folder, 'agent-assistant.token'), secret('agent-assistant.token'));
  // The demo's operator writes into it, and every process reads it again.
  symlinkSync(join(to, 'compose/config/planwarden.yaml'), join(folder, 'planwarden.yaml'));
  return folder;
}

/** Every secret of the installation, by the name of its file. */
export function allSecrets({ to }: Stack): [name: string, value: string][] {
  const folder = join(to, 'compose/secrets');
  const files = readdirSync(folder).map((name): [string, string] => [
    name,
    readFileSync(join(folder, name), 'utf8').trim(),
  ]);
  const sandbox = join(to, 'compose/data/sandbox/secrets.json');
  if (!existsSync(sandbox)) return files;
  const inside: [string, string][] = [];
  JSON.parse(readFileSync(sandbox, 'utf8'), (key, value: unknown) => {
    if (typeof value === 'string' && value.length >= 24 && key !== 'publicKey') inside.push([`sandbox ${key}`, value]);
    return value;
  });
  return [...files, ...inside];
}
