import { join } from 'node:path';
import type { Log } from '@planwarden/contracts';
import { type GitPort, gitFromGitHub, startSandboxArgoCd } from '@planwarden/sandbox-argocd';
import { type SandboxGitHub, startSandboxGitHub } from '@planwarden/sandbox-github';
import { type SandboxKubernetes, startSandboxKubernetes } from '@planwarden/sandbox-kubernetes';
import type { LoadedConfig } from '../config.js';
import type { SandboxConnection } from '../sandbox-connection.js';
import { VERSION } from '../version.js';
import { KUBERNETES_MCP_VERSION, startKubernetesMcp } from './kubernetes-mcp.js';
import {
  AUTHOR_BOT_ID,
  RELEASE_BOT_ID,
  releaseInstallation,
  rootApplication,
  type SeedOptions,
  sandboxSeed,
} from './sandbox-seed.js';
import type { EmbeddedSecrets } from './secrets.js';

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

/** Where the servers of a sandbox listen, and what others call them. */
export interface SandboxPlace {
  /** Address they listen on. */
  readonly host: string;
  /** Name or address that others use. */
  readonly name: string;
  /** Port of the first, second, third server: GitHub, the cluster, the Kubernetes MCP server. 0: any. */
  port(of: 1 | 2 | 3): number;
}

export interface SandboxOptions {
  readonly config: LoadedConfig;
  readonly secrets: EmbeddedSecrets;
  readonly place: SandboxPlace;
  /** Where GitHub's webhooks go. */
  readonly webhookUrl: string;
  readonly log: Log;
  readonly seed?: SeedOptions;
  /** A cluster in place of the sandbox's, which then stands idle; its root applications are the caller's to make. */
  readonly cluster?: ClusterAccess;
}

export interface Sandbox {
  readonly github: SandboxGitHub;
  readonly kubernetes: SandboxKubernetes;
  /** All that a process of the product needs to know of it. */
  readonly connection: SandboxConnection;
  /** Lets Argo CD look at once instead of at its next interval. */
  syncNow(): Promise<void>;
  stop(): Promise<void>;
}

const ARGOCD_INTERVAL_MS = 500;

/** The whole outside world of an installation in mode sandbox: GitHub, a cluster with its MCP server, Argo CD. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { config, secrets, place, log } = options;
  const closing: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of closing.splice(0).reverse()) await end();
  };
  try {
    const github = await startSandboxGitHub({
      dataFolder: join(config.dataFolder, 'github'),
      port: place.port(1),
      host: place.host,
      name: place.name,
      seed: sandboxSeed(config, secrets, options.seed),
      programs: config.binaries,
      webhook: { url: options.webhookUrl, secret: secrets.webhookSecret },
      log,
    });
    closing.push(() => github.stop());
    const kubernetes = await startCluster(config, secrets, place, log);
    closing.push(() => kubernetes.stop());
    const cluster = options.cluster ?? sandboxAccess(kubernetes, secrets);
    const mcp = await startKubernetesMcp({
      folder: join(config.dataFolder, 'kubernetes-mcp'),
      server: cluster.url,
      ...(cluster.certificateAuthority === undefined ? {} : { certificateAuthority: cluster.certificateAuthority }),
      port: place.port(3),
      host: place.host,
    });
    closing.push(() => mcp.stop());
    const argocd = startSandboxArgoCd({
      kubeconfig: cluster.argocd,
      git: gitOf(config, github, secrets),
      intervalMs: ARGOCD_INTERVAL_MS,
      log,
    });
    closing.push(() => argocd.stop());
    const clusters = manifestTargets(config).map((target) => [
      target.cluster,
      { read: cluster.read, dryRun: cluster.dryRun },
    ]);
    const connection: SandboxConnection = {
      version: 1,
      github: {
        url: github.url,
        authorToken: secrets.authorToken,
        release: {
          ...{ appId: 502, privateKey: secrets.releaseKey.privateKey },
          installationId: releaseInstallation(secrets),
        },
        releaseBotId: RELEASE_BOT_ID,
        authorBotId: AUTHOR_BOT_ID,
        webhookSecret: secrets.webhookSecret,
        sealing: secrets.sealing,
      },
      kubernetes: { url: kubernetes.url },
      kubernetesMcp: { url: `http://${place.name}:${mcp.port}/mcp`, token: cluster.readerToken },
      clusters: Object.fromEntries(clusters) as SandboxConnection['clusters'],
      toolVersions: { planwarden: VERSION, 'kubernetes-mcp-server': KUBERNETES_MCP_VERSION },
    };
    return { github, kubernetes, connection, syncNow: () => argocd.sync(), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startCluster(
  config: LoadedConfig,
  secrets: EmbeddedSecrets,
  at: SandboxPlace,
  log: Log,
): Promise<SandboxKubernetes> {
  const reads = { verbs: ['get', 'list', 'watch'], resources: ['*'] };
  const kubernetes = await startSandboxKubernetes({
    dataFolder: join(config.dataFolder, 'kubernetes'),
    port: at.port(2),
    host: at.host,
    name: at.name,
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
