import http from 'node:http';
import https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { at, isRecord, type Json, list, record, text } from './json.js';

/** Which object. Cluster-scoped objects have no namespace. */
export interface KubeRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** An answer that is not a success, or none at all (code 0). */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export const refOf = (object: unknown): KubeRef => ({
  apiVersion: text(at(object, 'apiVersion')) ?? '',
  kind: text(at(object, 'kind')) ?? '',
  namespace: text(at(object, 'metadata', 'namespace')),
  name: text(at(object, 'metadata', 'name')) ?? '',
});

const TIMEOUT_MS = 10_000;
const MERGE = 'application/merge-patch+json';
const APPLY = 'application/apply-patch+yaml';
type Query = Readonly<Record<string, string>>;

/** Reads and writes any kind of object at any API server, by the credential of a kubeconfig. */
export class ClusterApi {
  private readonly config = new KubeConfig();
  private readonly kinds = new Map<string, { plural: string; namespaced: boolean }>();

  constructor(kubeconfig: string) {
    this.config.loadFromString(kubeconfig);
  }

  /** @throws ClusterError when the cluster does not serve the kind */
  async isNamespaced(ref: Pick<KubeRef, 'apiVersion' | 'kind'>): Promise<boolean> {
    return (await this.kindOf(ref)).namespaced;
  }

  async get(ref: KubeRef): Promise<Json | undefined> {
    try {
      return await this.send('GET', await this.pathOf(ref));
    } catch (error) {
      if (error instanceof ClusterError && error.code === 404) return undefined;
      throw error;
    }
  }

  /** With the version of the whole cluster's state at which the list was read: any write makes another one. */
  async list(apiVersion: string, kind: string, namespace: string): Promise<{ items: Json[]; version: string }> {
    const { plural } = await this.kindOf({ apiVersion, kind });
    const answer = await this.send('GET', `${rootOf(apiVersion)}/namespaces/${namespace}/${plural}`);
    return {
      items: list(answer.items).filter(isRecord),
      version: text(at(answer, 'metadata', 'resourceVersion')) ?? '',
    };
  }

  /** Forced server-side apply; a dry run answers what would stand. */
  async apply(object: Json, fieldManager: string, dryRun = false): Promise<Json> {
    const query: Query = { fieldManager, force: 'true', ...(dryRun ? { dryRun: 'All' } : {}) };
    return this.send('PATCH', await this.pathOf(refOf(object)), { query, type: APPLY, body: object });
  }

  async mergePatch(ref: KubeRef, patch: Json): Promise<Json> {
    return this.send('PATCH', await this.pathOf(ref), { query: {}, type: MERGE, body: patch });
  }

  /** Deletes; an object that is gone already is fine. */
  async remove(ref: KubeRef): Promise<void> {
    try {
      await this.send('DELETE', await this.pathOf(ref), { query: { propagationPolicy: 'Foreground' } });
    } catch (error) {
      if (!(error instanceof ClusterError && error.code === 404)) throw error;
    }
  }

  private async pathOf(ref: KubeRef): Promise<string> {
    const { plural, namespaced } = await this.kindOf(ref);
    const place = namespaced ? `/namespaces/${encodeURIComponent(ref.namespace ?? 'default')}` : '';
    return `${rootOf(ref.apiVersion)}${place}/${plural}/${encodeURIComponent(ref.name)}`;
  }

  private async kindOf({ apiVersion, kind }: Pick<KubeRef, 'apiVersion' | 'kind'>) {
    const key = `${apiVersion}/${kind}`;
    if (!this.kinds.has(key)) {
      const { resources } = await this.send('GET', rootOf(apiVersion));
      for (const entry of list(resources).map(record)) {
        const plural = text(entry.name) ?? '';
        if (plural.includes('/')) continue;
        this.kinds.set(`${apiVersion}/${String(entry.kind)}`, { plural, namespaced: entry.namespaced === true });
      }
    }
    const found = this.kinds.get(key);
    if (found === undefined) throw new ClusterError(404, `no matches for kind "${kind}" in version "${apiVersion}"`);
    return found;
  }

  private async send(
    method: string,
    path: string,
    options: { query?: Query; type?: string; body?: Json } = {},
  ): Promise<Json> {
    const url = new URL(`${this.config.getCurrentCluster()?.server.replace(/\/+$/, '')}${path}`);
    for (const [name, value] of Object.entries(options.query ?? {})) url.searchParams.set(name, value);
    const request: https.RequestOptions = { method, signal: AbortSignal.timeout(TIMEOUT_MS) };
    await this.config.applyToHTTPSOptions(request);
    const headers = { ...record(request.headers), accept: 'application/json', 'user-agent': 'argocd' };
    const type = options.type === undefined ? {} : { 'content-type': options.type };
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const sent = { ...request, headers: { ...headers, ...type } } as https.RequestOptions;
    const { code, answer } = await exchange(url, sent, body).catch((error: unknown) => {
      throw new ClusterError(0, `the API server did not answer: ${error instanceof Error ? error.message : 'unknown'}`);
    });
    if (code >= 200 && code < 300) return answer;
    throw new ClusterError(code, text(answer.message) ?? `the API server answered ${code}`);
  }
}

const rootOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

function exchange(
  url: URL,
  options: https.RequestOptions,
  body: string | undefined,
): Promise<{ code: number; answer: Json }> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        try {
          resolve({
            code: response.statusCode ?? 0,
            answer: record(JSON.parse(Buffer.concat(parts).toString('utf8'))),
          });
        } catch (error) {
          reject(error);
        }
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
