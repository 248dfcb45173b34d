import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../apps/orchestrator/src/embedded/ports.js';

const { ensureNeo4j, neo4jJava }: { ensureNeo4j(): string; neo4jJava(jars: string): string[] } = await import(
  new URL('../../scripts/peers/neo4j.mjs', import.meta.url).href
);

/** A Neo4j Community server with a password, for as long as a test file runs. */
export interface Neo4j {
  readonly options: {
    readonly uri: string;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  };
  /** A folder of its own, gone after `stop`. */
  readonly folder: string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the data it has. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

const PASSWORD = 'graph-of-one-test';

/**
 * Fetches the jars when they are not there (once), starts the server in a folder of its own.
 * @param password of its user neo4j
 * @param settingsOf its neo4j.conf, for a port and a folder
 */
export async function startNeo4j(password = PASSWORD, settingsOf = settings): Promise<Neo4j> {
  const jars = ensureNeo4j();
  const home = mkdtempSync(join(tmpdir(), 'planwarden-neo4j-'));
  const port = await freePort();
  mkdirSync(join(home, 'conf'));
  writeFileSync(join(home, 'conf', 'neo4j.conf'), settingsOf(port, home));
  const env = { ...process.env, NEO4J_HOME: home, NEO4J_CONF: join(home, 'conf') };
  const java = neo4jJava(jars);
  // Before the first start: later it has no effect.
  const set = spawnSync('java', [...java, 'org.neo4j.cli.AdminTool', 'dbms', 'set-initial-password', password], {
    env,
  });
  if (set.status !== 0) throw new Error(`neo4j: no password could be set: ${set.stderr}`);
  let child: ChildProcess | undefined;
  const endAtExit = (): void => void child?.kill('SIGKILL');
  process.on('exit', endAtExit);
  const up = async (): Promise<void> => {
    const log = openSync(join(home, 'out.log'), 'a');
    const main = ['org.neo4j.server.CommunityEntryPoint', `--home-dir=${home}`, `--config-dir=${join(home, 'conf')}`];
    const started = spawn('java', [...java, ...main], { env, stdio: ['ignore', log, log] });
    child = started;
    // The port opens only after the databases are up.
    while (!(await answers(port))) {
      if (started.exitCode !== null) throw new Error(`neo4j ended with ${started.exitCode}: ${said(home)}`);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  await up();
  return {
    options: { uri: `bolt://127.0.0.1:${port}`, user: 'neo4j', password, database: 'neo4j' },
    folder: home,
    up,
    kill: () => end('SIGKILL'),
    stop: async () => {
      process.off('exit', endAtExit);
      await end('SIGTERM');
      rmSync(home, { recursive: true, force: true });
    },
  };
}

const settings = (port: number, _home: string): string => `server.bolt.listen_address=127.0.0.1:${port}
server.http.enabled=false
server.https.enabled=false
dbms.security.auth_enabled=true
dbms.usage_report.enabled=false
server.memory.pagecache.size=128m
db.tx_log.preallocate=false
internal.dbms.bolt.netty_server_shutdown_quiet_period=0
`;

function said(home: string): string {
  const log = join(home, 'out.log');
  return existsSync(log) ? readFileSync(log, 'utf8').slice(-1000) : '';
}

/** One try a call, a tenth of a second apart. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (isOpen: boolean): void => {
      socket.destroy();
      if (isOpen) resolve(true);
      else setTimeout(() => resolve(false), 100);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
