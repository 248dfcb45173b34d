import type { FaultPoints, Log } from '@planwarden/contracts';
import { startEmbeddedPostgres } from '@planwarden/database';
import type { SandboxGitHub } from '@planwarden/sandbox-github';
import type { SandboxKubernetes } from '@planwarden/sandbox-kubernetes';
import type { App } from '../app.js';
import { appOf, type ComposeOptions, compose } from '../compose.js';
import type { LoadedConfig } from '../config.js';
import { externalDatabase } from '../database.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import { operatorTokenOf, planKeyOf } from '../installation-secrets.js';
import type { OutsideWorld } from '../outside-world.js';
import { startRunWorker } from '../run-worker.js';
import { outsideOf } from '../sandbox-connection.js';
import { terraformOptions } from '../terraform-runners.js';
import { lockFolder } from './folder-lock.js';
import { assertNameFree, assertPortsFree, freePort } from './ports.js';
import type { SeedOptions } from './sandbox-seed.js';
import { type EmbeddedSecrets, embeddedSecrets } from './secrets.js';
import { type ClusterAccess, startSandbox } from './start-sandbox.js';

export interface EmbeddedOptions {
  readonly config: LoadedConfig;
  readonly log: Log;
  /** Called when the database ends by itself; the process cannot go on. */
  readonly onDatabaseGone: () => void;
  /** What tests change. */
  readonly test?: {
    readonly faults?: FaultPoints;
    readonly durable?: boolean;
    readonly poll?: ComposeOptions['poll'];
    readonly seed?: SeedOptions;
    /** A cluster in place of the sandbox's, which then stands idle; its root applications are the test's to make. */
    readonly cluster?: ClusterAccess;
    /** Replaces counterparts, e.g. by a hostile one. */
    readonly outside?: (outside: OutsideWorld, secrets: EmbeddedSecrets) => OutsideWorld;
  };
}

export interface Embedded {
  readonly app: App;
  readonly http: HttpServer;
  readonly secrets: EmbeddedSecrets;
  readonly github: SandboxGitHub;
  readonly kubernetes: SandboxKubernetes;
  readonly connectionString: string;
  /** Lets Argo CD look at once instead of at its next interval. */
  syncNow(): Promise<void>;
  close(): Promise<void>;
}

/** How long Ctrl-C waits for the runs in hand. */
const GRACE_MS = 6000;

/** Everything in one process: PostgreSQL (unless the operator names one), the sandbox, and the product. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { config, log, test = {} } = options;
  const closing: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    // The webhook needs our port before we listen; only tests ask for a free one.
    const port = config.listen.port === 0 ? await freePort() : config.listen.port;
    const beside = (offset: number): number => (config.listen.port === 0 ? 0 : port + offset);
    if (config.listen.port !== 0) await assertPortsFree(config.listen.host, port, 3);
    if (config.listen.port !== 0 && config.listen.hosts === null) await assertNameFree(config.listen.host, port);
    // First: nobody else may write the data folder from here on.
    const { connectionString, stop } = await openDatabase(options);
    closing.push(stop);
    const secrets = embeddedSecrets(
      config.dataFolder,
      config.people.map((person) => person.github.login),
    );
    const sandbox = await startSandbox({
      config,
      secrets,
      place: { host: '127.0.0.1', name: '127.0.0.1', port: (of) => (of === 3 ? 0 : beside(of)) },
      webhookUrl: `http://127.0.0.1:${port}/webhooks/github`,
      log,
      ...(test.seed === undefined ? {} : { seed: test.seed }),
      ...(test.cluster === undefined ? {} : { cluster: test.cluster }),
    });
    closing.push(() => sandbox.stop());
    const outside = outsideOf(sandbox.connection, log);
    const operatorToken = operatorTokenOf(config, secrets.operatorToken);
    const hooks = test.faults === undefined ? {} : { faults: test.faults };
    const parts = await compose({
      configFile: config.configFile,
      connectionString,
      outside: test.outside ? test.outside(outside, secrets) : outside,
      terraform: terraformOptions(config, planKeyOf(config, secrets.planKey)),
      log,
      ...hooks,
      ...(test.poll === undefined ? {} : { poll: test.poll }),
    });
    closing.push(() => parts.close());
    const worker = await startRunWorker(parts, { log, graceMs: GRACE_MS, ...hooks });
    closing.push(() => worker.close());
    const app = appOf(parts, { operatorToken, webhookSecret: sandbox.connection.github.webhookSecret });
    closing.push(() => app.deliveries.settled());
    const http = await startHttpServer(app, { ...config.listen, port });
    closing.push(() => http.close());
    const { github, kubernetes, syncNow } = sandbox;
    return { app, http, secrets, github, kubernetes, connectionString, syncNow, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The database of the installation; either way this process then holds the data folder. */
async function openDatabase({
  config,
  log,
  test = {},
  onDatabaseGone,
}: EmbeddedOptions): Promise<{ readonly connectionString: string; stop(): Promise<void> }> {
  if (config.database.store === 'postgres') {
    const lock = await lockFolder(config.dataFolder);
    try {
      return { connectionString: await externalDatabase(config.database.postgres), stop: () => lock.release() };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }
  const postgres = await startEmbeddedPostgres({
    dataFolder: config.dataFolder,
    log,
    ...(test.durable === undefined ? {} : { durable: test.durable }),
  });
  postgres.onExit(onDatabaseGone);
  return { connectionString: postgres.connectionString, stop: () => postgres.stop() };
}
