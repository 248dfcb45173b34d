import { join } from 'node:path';
import type { FaultPoints, Log } from '@planwarden/contracts';
import { startEmbeddedPostgres } from '@planwarden/database';
import { createGitHubMcpServer, inProcessTransport } from '@planwarden/github-server';
import { type GitPort, gitFromGitHub, startSandboxArgoCd } from '@planwarden/sandbox-argocd';
import { type SandboxGitHub, startSandboxGitHub } from '@planwarden/sandbox-github';
import { type SandboxKubernetes, startSandboxKubernetes } from '@planwarden/sandbox-kubernetes';
import type { App } from '../app.js';
import { type ComposeOptions, compose } from '../compose.js';
import type { LoadedConfig } from '../config.js';
import { type HttpServer, startHttpServer } from '../http/server.js';
import type { OutsideWorld } from '../outside-world.js';
import { VERSION } from '../version.js';
import { KUBERNETES_MCP_VERSION, startKubernetesMcp } from './kubernetes-mcp.js';
import { assertPortsFree, freePort } from './ports.js';
import { AUTHOR_BOT_ID, RELEASE_BOT_ID, rootApplication, type SeedOptions, sandboxSeed } from './sandbox-seed.js';
import { type EmbeddedSecrets, embeddedSecrets } from './secrets.js';

/** An API server with the credentials of those who use it. */
export interface ClusterAccess {
  readonly url: string;
  /** PEM; absent: plain HTTP. */
  readonly certificateAuthority?: string;
  /** Bearer token with which the Kubernetes MCP server reads. */
  readonly readerToken: string;
  /** Kubeconfigs (YAML) of the two credentials of libs/cluster, and of Argo CD. */
  readonly read: string;
  readonly dryRun: string;
  readonly argocd: string;
}

export interface EmbeddedOptions {
  readonly config: LoadedConfig;
  readonly log: Log;
  /** Called when the database ends by itself; the process cannot go on. */
  readonly onDatabaseGone: () => void;
  /** What tests change. */
  readonly test?: {
    readonly faults?: FaultPoints;
    readonly leaseMs?: number;
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

const ARGOCD_INTERVAL_MS = 1000;

/** Everything on one machine: PostgreSQL, sandbox GitHub, sandbox Kubernetes, Argo CD's stand-in, and the product. */
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
    // First and alone: it holds the lock of the data folder, which nobody else may write until then.
    const postgres = await startEmbeddedPostgres({
      dataFolder: config.dataFolder,
      log,
      ...(test.durable === undefined ? {} : { durable: test.durable }),
    });
    closing.push(() => postgres.stop());
    postgres.onExit(options.onDatabaseGone);
    const secrets = embeddedSecrets(
      config.dataFolder,
      config.people.map((person) => person.github.login),
    );
    const github = await startSandboxGitHub({
      dataFolder: join(config.dataFolder, 'github'),
      port: beside(1),
      seed: sandboxSeed(config, secrets, test.seed),
      webhook: { url: `http://127.0.0.1:${port}/webhooks/github`, secret: secrets.webhookSecret },
      log,
    });
    closing.push(() => github.stop());
    const kubernetes = await startCluster(config, secrets, beside(2), log);
    closing.push(() => kubernetes.stop());
    const cluster = test.cluster ?? sandboxAccess(kubernetes, secrets);
    const mcp = await startKubernetesMcp({
      folder: join(config.dataFolder, 'kubernetes-mcp'),
      server: cluster.url,
      ...(cluster.certificateAuthority === undefined ? {} : { certificateAuthority: cluster.certificateAuthority }),
      token: cluster.readerToken,
    });
    closing.push(() => mcp.stop());
    const argocd = startSandboxArgoCd({
      kubeconfig: cluster.argocd,
      git: gitOf(config, github, secrets),
      intervalMs: ARGOCD_INTERVAL_MS,
      log,
    });
    closing.push(() => argocd.stop());
    const outside = outsideOf(config, { secrets, github, cluster, mcp: mcp.transport }, log);
    const { connectionString } = postgres;
    const composed = await compose({
      configFile: config.configFile,
      connectionString,
      outside: test.outside ? test.outside(outside, secrets) : outside,
      operatorToken: secrets.operatorToken,
      terraform: {
        binaries: config.binaries,
        folder: join(config.dataFolder, 'terraform'),
        planKey: Buffer.from(secrets.planKey, 'hex'),
      },
      log,
      ...(test.faults === undefined ? {} : { faults: test.faults }),
      ...(test.leaseMs === undefined ? {} : { leaseMs: test.leaseMs }),
      ...(test.poll === undefined ? {} : { poll: test.poll }),
    });
    closing.push(() => composed.close());
    const http = await startHttpServer(composed.app, { host: config.listen.host, port });
    closing.push(() => http.close());
    return {
      app: composed.app,
      http,
      secrets,
      github,
      kubernetes,
      connectionString,
      syncNow: () => argocd.sync(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startCluster(
  config: LoadedConfig,
  secrets: EmbeddedSecrets,
  port: number,
  log: Log,
): Promise<SandboxKubernetes> {
  const reads = { verbs: ['get', 'list', 'watch'], resources: ['*'] };
  const kubernetes = await startSandboxKubernetes({
    dataFolder: join(config.dataFolder, 'kubernetes'),
    port,
    log,
    tokens: [
      { token: secrets.cluster.reader, user: 'reader', permissions: [reads] },
      {
        token: secrets.cluster.dryRun,
        user: 'dry-run',
        permissions: [reads, { verbs: ['create', 'patch'], resources: ['*'], dryRunOnly: true }],
      },
      { token: secrets.cluster.argocd, user: 'argocd', permissions: [{ verbs: ['*'], resources: ['*'] }] },
    ],
  });
  for (const target of manifestTargets(config)) kubernetes.control.apply(rootApplication(target), 'operator');
  return kubernetes;
}

const sandboxAccess = (kubernetes: SandboxKubernetes, secrets: EmbeddedSecrets): ClusterAccess => ({
  url: kubernetes.url,
  readerToken: secrets.cluster.reader,
  read: kubernetes.kubeconfig('reader'),
  dryRun: kubernetes.kubeconfig('dry-run'),
  argocd: kubernetes.kubeconfig('argocd'),
});

const manifestTargets = ({ targets }: LoadedConfig) => targets.filter((target) => target.kind === 'manifests');

function gitOf(config: LoadedConfig, github: SandboxGitHub, secrets: EmbeddedSecrets): GitPort {
  const repoUrl = [...new Set(manifestTargets(config).map((target) => target.argocd.repoUrl))];
  return gitFromGitHub({ baseUrl: github.url, token: secrets.gitReader, repoUrl });
}

function outsideOf(
  config: LoadedConfig,
  parts: {
    readonly secrets: EmbeddedSecrets;
    readonly github: SandboxGitHub;
    readonly cluster: ClusterAccess;
    readonly mcp: OutsideWorld['kubernetesServer'];
  },
  log: Log,
): OutsideWorld {
  const { secrets, github, cluster, mcp } = parts;
  const kubeconfigs = { read: cluster.read, dryRun: cluster.dryRun };
  return {
    github: {
      apiUrl: github.url,
      authorServer: {
        kind: 'in-process',
        transport: inProcessTransport(createGitHubMcpServer({ baseUrl: github.url, token: secrets.authorToken, log })),
      },
      release: { appId: 502, privateKey: secrets.releaseKey.privateKey, installationId: 7002 },
      releaseBotId: RELEASE_BOT_ID,
      authorBotId: AUTHOR_BOT_ID,
      webhookSecret: secrets.webhookSecret,
    },
    kubernetesServer: mcp,
    clusters: Object.fromEntries(manifestTargets(config).map((target) => [target.cluster, kubeconfigs])),
    toolVersions: { planwarden: VERSION, 'kubernetes-mcp-server': KUBERNETES_MCP_VERSION },
  };
}
