import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Log, silentLog } from '@planwarden/contracts';
import { ApiServer, type SeenRequest } from './api/api-server.js';
import type { SandboxToken } from './api/authorizer.js';
import { serverSideApply } from './apply/server-side-apply.js';
import { selfSignedCertificate } from './certificate.js';
import { Controllers } from './controllers/controllers.js';
import type { PodMutation, RolloutPods } from './controllers/replica-set.controller.js';
import { kubeconfigYaml } from './kubeconfig.js';
import { ObjectWriter } from './object-writer.js';
import type { KubeObject, KubeRef } from './objects.js';
import { knownResource } from './resources.js';
import { ObjectStore } from './store/object-store.js';

export interface SandboxKubernetesOptions {
  /** Folder that keeps the objects between starts; without it they are gone with the process. */
  readonly dataFolder?: string;
  /** 0 or absent: the operating system picks one. */
  readonly port?: number;
  /** An IPv4 address, loopback by default; the sandbox must not be reachable from outside. */
  readonly host?: string;
  /** Name in its address and kubeconfigs; the host where not told. */
  readonly name?: string;
  /**
   * Speak https with a certificate of its own, which the kubeconfigs carry. Clients written in Go send no token of a
   * kubeconfig over plain http. Plain http when absent.
   */
  readonly tls?: boolean;
  readonly tokens: readonly SandboxToken[];
  readonly log?: Log;
  /** How many pods of a Deployment come up, for tests of a rollout that does not finish. */
  readonly rolloutPods?: RolloutPods;
}

/** What tests and the demo may do to the cluster behind its API. */
export interface SandboxControl {
  get(ref: KubeRef): KubeObject | undefined;
  list(apiVersion: string, kind: string, namespace?: string): KubeObject[];
  /** Server-side apply with force by the given manager, past authorisation. */
  apply(object: KubeObject, fieldManager?: string): KubeObject;
  /** Deletes when it is there. */
  remove(ref: KubeRef): void;
  /** Changes how many pods come up, and looks at every rollout again. */
  setRolloutPods(override: RolloutPods | undefined): void;
  /** Every pod that starts from now on passes through this first. */
  setPodMutation(mutation: PodMutation | undefined): void;
  /** Every later request is answered with this code; undefined ends the outage. */
  setOutage(code: number | undefined): void;
  /** The latest requests of authenticated users, oldest first. */
  requests(): readonly SeenRequest[];
  /** Resolves when no controller has anything left to do. */
  settled(): Promise<void>;
}

export interface SandboxKubernetes {
  readonly url: string;
  /** A kubeconfig (YAML, everything inline) with the token of a user. @throws Error for an unknown user */
  kubeconfig(user: string): string;
  stop(): Promise<void>;
  readonly control: SandboxControl;
}

const FIRST_NAMESPACES = ['default', 'kube-system', 'argocd'];

/** Starts a stand-in for a Kubernetes cluster: objects, rollouts and dry runs, without containers. */
export async function startSandboxKubernetes(options: SandboxKubernetesOptions): Promise<SandboxKubernetes> {
  const log = options.log ?? silentLog;
  const store = new ObjectStore(options.dataFolder);
  const writer = new ObjectWriter(store);
  const controllers = new Controllers(store, writer, log);
  controllers.rolloutPods = options.rolloutPods;
  makeNamespaces(store, writer);
  const api = new ApiServer({ store, writer, tokens: options.tokens, log });
  const host = options.host ?? '127.0.0.1';
  const name = options.name ?? host;
  const certificate = options.tls === true ? selfSignedCertificate(host) : undefined;
  const listener: RequestListener = (request, response) => void api.handle(request, response);
  const server =
    certificate === undefined
      ? createServer(listener)
      : createTlsServer({ key: certificate.key, cert: certificate.certificate }, listener);
  server.keepAliveTimeout = 75_000;
  await listen(server, options.port ?? 0, host);
  const url = `${certificate === undefined ? 'http' : 'https'}://${name}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    kubeconfig: (user) => {
      const found = options.tokens.find((token) => token.user === user);
      if (found === undefined) throw new Error(`the sandbox has no user ${user}`);
      return kubeconfigYaml(url, user, found.token, certificate?.certificate);
    },
    stop: async () => {
      controllers.stop();
      api.endWatches();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
    control: controlOf(store, writer, controllers, api),
  };
}

function makeNamespaces(store: ObjectStore, writer: ObjectWriter): void {
  const resource = knownResource('v1', 'Namespace');
  for (const name of FIRST_NAMESPACES) {
    if (store.get(resource, undefined, name) !== undefined) continue;
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    writer.create(resource, undefined, namespace, { dryRun: false, fieldManager: 'kube-apiserver' });
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function controlOf(store: ObjectStore, writer: ObjectWriter, controllers: Controllers, api: ApiServer): SandboxControl {
  const get = (ref: KubeRef): KubeObject | undefined =>
    store.get(knownResource(ref.apiVersion, ref.kind), ref.namespace, ref.name);
  return {
    get,
    list: (apiVersion, kind, namespace) => store.list(knownResource(apiVersion, kind), namespace),
    apply: (object, fieldManager = 'sandbox-control') => {
      const resource = knownResource(object.apiVersion, object.kind);
      const { namespace, name } = object.metadata;
      const live = store.get(resource, namespace, name);
      const next = serverSideApply(resource, live, object, { fieldManager, force: true });
      const write = { dryRun: false, fieldManager: undefined };
      return live === undefined
        ? writer.create(resource, namespace, next, write)
        : writer.update(resource, live, next, write);
    },
    remove: (ref) => {
      const live = get(ref);
      if (live !== undefined)
        writer.remove(knownResource(ref.apiVersion, ref.kind), live, { dryRun: false, orphan: false });
    },
    setRolloutPods: (override) => {
      controllers.rolloutPods = override;
      controllers.wakeAll();
    },
    setPodMutation: (mutation) => {
      controllers.podMutation = mutation;
    },
    setOutage: (code) => {
      api.outage = code;
    },
    requests: () => [...api.seen],
    settled: () => controllers.settled(),
  };
}
