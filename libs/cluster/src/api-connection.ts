import http from 'node:http';
import https from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { type Log, PlanwardenError } from '@planwarden/contracts';
import { answerInvalid, unavailable } from './cluster-failure.js';

const LARGEST_ANSWER = 32 * 1024 * 1024;

export interface ApiAnswer {
  readonly code: number;
  /** Parsed JSON, unknown shape. */
  readonly body: unknown;
}

export interface ApiConnectionOptions {
  readonly cluster: string;
  readonly kubeconfig: string;
  readonly timeoutMs: number;
  readonly log: Log;
}

/**
 * One credential at one API server. Knows two requests: a read, and a dry run; there is no way to write through it.
 * Answers are kept as JSON: the typed client drops fields it does not know and turns times into dates.
 */
export class ApiConnection {
  private readonly config = new KubeConfig();
  private readonly server: string;

  /** @throws PlanwardenError CONFIG_INVALID when the kubeconfig names no server */
  constructor(private readonly options: ApiConnectionOptions) {
    this.server = this.load();
  }

  get(path: string, query: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> {
    return this.send('GET', path, query);
  }

  /** Server-side apply that is only tried: the one place that patches, and it always says dryRun=All. */
  dryRunApply(path: string, fieldManager: string, object: unknown): Promise<ApiAnswer> {
    return this.send('PATCH', path, { dryRun: 'All', force: 'true', fieldManager }, JSON.stringify(object));
  }

  private load(): string {
    try {
      this.config.loadFromString(this.options.kubeconfig);
      const server = this.config.getCurrentCluster()?.server;
      if (server !== undefined && /^https?:$/.test(new URL(server).protocol)) return server.replace(/\/+$/, '');
    } catch {
      // The parser's words may quote the file, credentials included.
    }
    throw new PlanwardenError('CONFIG_INVALID', `The kubeconfig of cluster ${this.options.cluster} is not usable.`, {
      remedy: 'Give a kubeconfig whose current context names a cluster with an http(s) address, and a user.',
    });
  }

  private async send(
    method: 'GET' | 'PATCH',
    path: string,
    query: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<ApiAnswer> {
    const { cluster, log, timeoutMs } = this.options;
    const started = performance.now();
    const url = new URL(`${this.server}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    try {
      const options = await this.requestOptions(method, body);
      const { code, text } = await exchange(url, { ...options, signal: AbortSignal.timeout(timeoutMs) }, body);
      log.debug({ cluster, method, path, code, ms: Math.round(performance.now() - started) }, 'cluster answered');
      return { code, body: parsed(text) };
    } catch (error) {
      log.debug({ cluster, method, path, ms: Math.round(performance.now() - started) }, 'cluster did not answer');
      if (error instanceof TooLarge) throw answerInvalid(cluster);
      throw unavailable(cluster, error);
    }
  }

  private async requestOptions(method: string, body: string | undefined): Promise<https.RequestOptions> {
    const options: https.RequestOptions = { method };
    // Asked for each request: a credential that comes from a file or a helper is renewed there.
    await this.config.applyToHTTPSOptions(options);
    const given = options.headers;
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'planwarden' };
    if (body !== undefined) headers['content-type'] = 'application/apply-patch+yaml';
    if (given !== undefined && !Array.isArray(given))
      for (const [name, value] of Object.entries(given)) if (value !== undefined) headers[name] = String(value);
    return { ...options, headers };
  }
}

class TooLarge extends Error {}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One request; redirects are not followed, since they would carry the credential elsewhere. */
function exchange(
  url: URL,
  options: https.RequestOptions,
  body: string | undefined,
): Promise<{ code: number; text: string }> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > LARGEST_ANSWER) response.destroy(new TooLarge());
        else parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ code: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
