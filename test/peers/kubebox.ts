import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KubeConfig, type KubernetesObject, KubernetesObjectApi } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';

const { ensureKubebox }: { ensureKubebox(): string } = await import(
  new URL('../../scripts/peers/kubebox.mjs', import.meta.url).href
);

/** A real API server with etcd and the controller manager, for as long as a test file runs. */
export interface Kubebox {
  readonly url: string;
  /** PEM. */
  readonly certificateAuthority: string;
  /** Kubeconfig (YAML) of the cluster's administrator. */
  readonly admin: string;
  readonly adminToken: string;
  /** Token of `agent`, a user without any rights. */
  readonly powerlessToken: string;
  /** Server-side apply as administrator, in order. */
  apply(objects: readonly KubernetesObject[]): Promise<void>;
  /** Kubeconfig (YAML) with a bearer token. */
  kubeconfig(token: string): string;
  /** Server-side apply of a ConfigMap with somebody's token; the answer's code. */
  applyAs(token: string, configMap: KubernetesObject, how?: { readonly dryRun?: boolean }): Promise<number>;
  /** What the server answers to a GET of the administrator: an object, or a Status. */
  read(path: string): Promise<unknown>;
  /** A token of a service account, bound, one hour. */
  tokenOf(namespace: string, account: string): Promise<string>;
  stop(): Promise<void>;
}

/** Builds it when it is not there (minutes, once), starts it in a folder of its own. */
export async function startKubebox(): Promise<Kubebox> {
  const binary = ensureKubebox();
  const folder = mkdtempSync(join(tmpdir(), 'planwarden-kubebox-'));
  const child = spawn(binary, ['-dir', folder], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  const endAtExit = (): void => void child.kill('SIGKILL');
  process.on('exit', endAtExit);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = /^kubebox ready .*server=(\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`kubebox ended with ${code} before it was ready`)));
  });
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const [adminToken = '', powerlessToken = ''] = read('tokens.csv')
    .split('\n')
    .map((line) => line.split(',')[0]);
  const config = new KubeConfig();
  config.loadFromString(read('kubeconfig'));
  const objects = KubernetesObjectApi.makeApiClient(config);
  const certificateAuthority = read('ca.crt');
  return {
    url,
    certificateAuthority,
    admin: read('kubeconfig-token'),
    adminToken,
    powerlessToken,
    apply: async (wanted) => {
      for (const object of wanted) await applied(objects, object);
    },
    kubeconfig: (token) => kubeconfigOf(url, certificateAuthority, token),
    applyAs: async (token, object, { dryRun = false } = {}) => {
      const { namespace = '', name = '' } = object.metadata ?? {};
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=test${dryRun ? '&dryRun=All' : ''}`;
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/apply-patch+yaml' };
      const sent = request(`${url}${path}`, { method: 'PATCH', headers, ca: certificateAuthority });
      sent.end(JSON.stringify(object));
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode ?? 0;
    },
    read: async (path) => {
      const sent = request(`${url}${path}`, {
        headers: { authorization: `Bearer ${adminToken}` },
        ca: certificateAuthority,
      });
      sent.end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      const parts: Buffer[] = [];
      for await (const part of answer) parts.push(part as Buffer);
      return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
    },
    tokenOf: (namespace, account) => tokenOf(config, namespace, account),
    stop: async () => {
      process.off('exit', endAtExit);
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A kind just defined is served a moment after its definition is: asked again until then. */
async function applied(api: KubernetesObjectApi, object: KubernetesObject): Promise<void> {
  for (let left = 50; ; left -= 1) {
    try {
      await api.patch(object, undefined, undefined, 'operator', true, 'application/apply-patch+yaml' as never);
      return;
    } catch (error) {
      if (left === 0 || !/404|not found|Unrecognized API version and kind/i.test(String(error))) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function tokenOf(config: KubeConfig, namespace: string, account: string): Promise<string> {
  const { CoreV1Api } = await import('@kubernetes/client-node');
  const { status } = await config
    .makeApiClient(CoreV1Api)
    .createNamespacedServiceAccountToken({ name: account, namespace, body: { spec: { audiences: [] } } });
  return status?.token ?? '';
}

/** JSON is YAML. */
function kubeconfigOf(server: string, certificateAuthority: string, token: string): string {
  const authority = Buffer.from(certificateAuthority).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'kubebox', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'user', user: { token } }],
    contexts: [{ name: 'kubebox', context: { cluster: 'kubebox', user: 'user' } }],
    'current-context': 'kubebox',
  });
}

/** The objects of a file below the repository's root. */
export function objectsOf(file: string): KubernetesObject[] {
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
}

/** The client's spelling: it writes `x-kubernetes-preserve-unknown-fields`, and drops what it does not know. */
const ANYTHING = { type: 'object', x_kubernetes_preserve_unknown_fields: true };

/** As much of Argo CD's definition as an API server needs to keep Applications: no status subresource. */
export const APPLICATION_KIND: KubernetesObject & { spec: object } = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'applications.argoproj.io' },
  spec: {
    group: 'argoproj.io',
    scope: 'Namespaced',
    names: { plural: 'applications', singular: 'application', kind: 'Application', shortNames: ['app', 'apps'] },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            required: ['metadata', 'spec'],
            properties: {
              spec: {
                type: 'object',
                required: ['destination', 'project'],
                properties: {
                  destination: ANYTHING,
                  project: { type: 'string' },
                  source: ANYTHING,
                  syncPolicy: ANYTHING,
                },
              },
              operation: ANYTHING,
              status: ANYTHING,
            },
          },
        },
      },
    ],
  },
};
