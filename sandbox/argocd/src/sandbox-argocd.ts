import { type Log, silentLog } from '@planwarden/contracts';
import { ApplicationReconciler, type Heads } from './application-reconciler.js';
import { ClusterApi, refOf } from './cluster-api.js';
import type { GitPort } from './git-port.js';

export interface SandboxArgoCdOptions {
  /** Kubeconfig (YAML) of the credential with which everything is read and written. */
  readonly kubeconfig: string;
  readonly git: GitPort;
  /** Milliseconds between the end of one look at all Applications and the start of the next. */
  readonly intervalMs: number;
  /** Namespace of the Application objects, `argocd` unless told. */
  readonly namespace?: string;
  readonly log?: Log;
}

export interface SandboxArgoCd {
  /** Looks at every Application now, those that come up meanwhile included; after a look that is under way. */
  sync(): Promise<void>;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

const APPLICATION = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' } as const;

/** Plays Argo CD's part for the Application objects of an API server: plain YAML from Git, automated sync, status. */
export function startSandboxArgoCd(options: SandboxArgoCdOptions): SandboxArgoCd {
  const loop = new ApplicationLoop(options);
  loop.start();
  return { sync: () => loop.sync(), stop: () => loop.stop() };
}

class ApplicationLoop {
  private readonly api: ClusterApi;
  private readonly reconciler: ApplicationReconciler;
  private readonly namespace: string;
  private readonly log: Log;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  /** The look under way; never rejects. */
  private running: Promise<void> = Promise.resolve();
  /** A look that waits for it; everyone who asks meanwhile shares this one. */
  private queued: Promise<void> | undefined;

  /** What the last pass saw, where all stood as wanted and it wrote nothing. */
  private rest: { readonly version: string; readonly heads: Heads } | undefined;

  constructor(private readonly options: SandboxArgoCdOptions) {
    this.api = new ClusterApi(options.kubeconfig);
    this.reconciler = new ApplicationReconciler(this.api, options.git);
    this.namespace = options.namespace ?? 'argocd';
    this.log = options.log ?? silentLog;
  }

  start(): void {
    this.sync()
      .catch((err: unknown) => this.log.warn({ err }, 'sandbox argocd could not read the applications'))
      .finally(() => {
        if (!this.isStopped) this.timer = setTimeout(() => this.start(), this.options.intervalMs);
      });
  }

  sync(): Promise<void> {
    this.queued ??= this.running.then(() => {
      this.queued = undefined;
      const pass = this.pass();
      this.running = pass.catch(() => undefined);
      return pass;
    });
    return this.queued;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.queued?.catch(() => undefined);
    await this.running;
  }

  private async pass(): Promise<void> {
    const seen = new Set<string>();
    const heads: Heads = new Map();
    let before: string | undefined;
    let isWhole = true;
    while (!this.isStopped) {
      const { items, version } = await this.api.list(APPLICATION.apiVersion, APPLICATION.kind, this.namespace);
      if (before === undefined && (await this.isAtRest(version))) return;
      before ??= version;
      const fresh = items.map((item) => refOf(item).name).filter((name) => !seen.has(name));
      if (fresh.length === 0) {
        this.rest = isWhole && version !== '' && version === before ? { version, heads } : undefined;
        return;
      }
      for (const name of fresh) {
        seen.add(name);
        if (this.isStopped) return;
        try {
          // Read again: an application before this one may have written it.
          const application = await this.api.get({ ...APPLICATION, namespace: this.namespace, name });
          if (application !== undefined && !(await this.reconciler.reconcile(application, heads))) isWhole = false;
        } catch (err) {
          isWhole = false;
          this.log.warn({ err, application: name }, 'sandbox argocd could not finish an application');
        }
      }
    }
  }

  /** Nothing was written in the cluster and no branch has moved since a pass that had nothing to do. */
  private async isAtRest(version: string): Promise<boolean> {
    return this.rest?.version === version && (await this.reconciler.standStill(this.rest.heads));
  }
}
