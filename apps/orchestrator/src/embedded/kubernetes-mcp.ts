import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { PlanwardenError } from '@planwarden/contracts';
import { freePort } from './ports.js';

/** The official Kubernetes MCP server: its version is part of what a plan was made with. */
export const KUBERNETES_MCP_VERSION: string = (
  createRequire(import.meta.url)('kubernetes-mcp-server/package.json') as { version: string }
).version;

/** As long as the database has: a bound for what never comes up, on a machine that is busy with other things. */
const HEALTHY_WITHIN_MS = 60_000;

export interface KubernetesMcpServer {
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts kubernetes-mcp-server. Its own kubeconfig has no credentials, so a request without a token can do nothing; ours
 * carries the reader's token. The client rate is raised: its default is five requests a second.
 */
export async function startKubernetesMcp(options: {
  readonly folder: string;
  /** Address of the API server. */
  readonly server: string;
  /** PEM; absent: the API server speaks plain HTTP. */
  readonly certificateAuthority?: string;
  /** 0: any. */
  readonly port: number;
  /** Address to listen on: loopback, or what a container's network reaches. */
  readonly host: string;
}): Promise<KubernetesMcpServer> {
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const kubeconfig = join(options.folder, 'powerless.kubeconfig');
  const pidFile = join(options.folder, 'server.pid');
  endLeftOver(pidFile, kubeconfig);
  writeFileSync(kubeconfig, powerless(options.server, options.certificateAuthority), { mode: 0o600 });
  const port = options.port === 0 ? await freePort() : options.port;
  const launcher = createRequire(import.meta.url).resolve('kubernetes-mcp-server/bin/index.js');
  const child = spawn(
    process.execPath,
    [
      ...[launcher, '--port', String(port), '--bind-address', options.host, '--kubeconfig', kubeconfig],
      ...['--cluster-provider', 'kubeconfig', '--disable-multi-cluster', '--read-only', '--stateless'],
      ...['--list-output', 'yaml'],
    ],
    {
      stdio: 'ignore',
      // A group of its own: Ctrl-C reaches us first, and the launcher's child ends with it.
      detached: true,
      env: { PATH: '/usr/bin:/bin', HOME: options.folder, KUBE_CLIENT_QPS: '1000', KUBE_CLIENT_BURST: '2000' },
    },
  );
  writeFileSync(pidFile, `${child.pid}\n`, { mode: 0o600 });
  const stopAtExit = (): void => killGroup(child, 'SIGKILL');
  process.on('exit', stopAtExit);
  const stop = async (): Promise<void> => {
    process.off('exit', stopAtExit);
    rmSync(pidFile, { force: true });
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    killGroup(child, 'SIGTERM');
    await ended;
    killGroup(child, 'SIGKILL');
  };
  try {
    await healthy(port, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

/** Ends the server of a process that was killed. Only the owner of the data folder gets here, so nobody uses it. */
function endLeftOver(pidFile: string, kubeconfig: string): void {
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  rmSync(pidFile, { force: true });
  if (!Number.isInteger(pid) || pid <= 1) return;
  // The number may be another process's by now: only one that was started with our kubeconfig is ours.
  const { stdout } = spawnSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' });
  if (stdout?.includes(kubeconfig) !== true) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // Already gone.
  }
}

async function healthy(port: number, child: ChildProcess): Promise<void> {
  const until = Date.now() + HEALTHY_WITHIN_MS;
  while (Date.now() < until && child.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
    if (answer?.ok === true) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new PlanwardenError('OUTSIDE_UNAVAILABLE', 'the Kubernetes MCP server did not start', {
    remedy: 'Run npm install again; its binary comes with the package kubernetes-mcp-server.',
  });
}

/** JSON is YAML. */
function powerless(server: string, certificateAuthority: string | undefined): string {
  const trust =
    certificateAuthority === undefined
      ? {}
      : { 'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'cluster', cluster: { server, ...trust } }],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'cluster', context: { cluster: 'cluster', user: 'nobody' } }],
    'current-context': 'cluster',
  });
}
