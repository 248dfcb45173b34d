import { Octokit } from '@octokit/rest';
import { type Log, silentLog } from '@planwarden/contracts';
import { redactText } from '@planwarden/redaction';

export interface GitHubApiOptions {
  /** GitHub's REST base, e.g. `https://api.github.com`. */
  readonly baseUrl: string;
  /** A fixed token, or where a fresh one comes from; asked before every request. */
  readonly token: string | (() => Promise<string>);
  /** Milliseconds for one request. Default 15 000. */
  readonly timeoutMs?: number;
  readonly log?: Log;
}

/** Opens GitHub; nothing is sent yet. */
export function openGitHub({ baseUrl, token, timeoutMs = 15_000, log = silentLog }: GitHubApiOptions): Octokit {
  const withTimeout: typeof fetch = (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  // Octokit's own words may quote an answer of GitHub, so only our sentence is logged.
  const quiet = (): void => log.debug({}, 'GitHub client notice');
  const octokit = new Octokit({
    baseUrl,
    request: { fetch: withTimeout },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  octokit.hook.before('request', async (request) => {
    request.headers.authorization = `Bearer ${typeof token === 'string' ? token : await token()}`;
  });
  return octokit;
}

/** A failure with the text that the official server answers; the tool turns it into an `isError` result. */
export class GitHubToolFailure extends Error {
  override readonly name = 'GitHubToolFailure';
}

/** Runs one request; its failure reads `<doing>: <METHOD> <URL>: <status> <message> [<details>]`, as in the official server. */
export async function attempt<T>(doing: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof GitHubToolFailure ? error : new GitHubToolFailure(describe(doing, error), { cause: error });
  }
}

/** Like `attempt`, with undefined where GitHub answers 404. */
export async function attemptFind<T>(doing: string, run: () => Promise<T>): Promise<T | undefined> {
  return attempt(doing, () =>
    run().catch((error: unknown) => {
      if (at(error, 'status') === 404 && at(error, 'response') !== undefined) return undefined;
      throw error;
    }),
  );
}

function describe(doing: string, error: unknown): string {
  const request = at(error, 'request');
  const call = `${text(at(request, 'method'))} ${text(at(request, 'url')).split('?')[0]}`;
  const response = at(error, 'response');
  if (request === undefined) return `${doing}: no request could be made`;
  if (response === undefined) return `${doing}: ${call}: ${lost(error)}`;
  const data = at(response, 'data');
  const errors = at(data, 'errors');
  const details = Array.isArray(errors) ? errors.map(describeDetail).join(' ') : '';
  return redactText(`${doing}: ${call}: ${String(at(error, 'status'))} ${text(at(data, 'message'))} [${details}]`);
}

const describeDetail = (detail: unknown): string =>
  typeof detail === 'string'
    ? detail
    : `{Resource:${text(at(detail, 'resource'))} Field:${text(at(detail, 'field'))} Code:${text(at(detail, 'code'))} Message:${text(at(detail, 'message'))}}`;

/** Words by which a caller knows that no answer came. */
function lost(error: unknown): string {
  let cause: unknown = error;
  for (let depth = 0; depth < 5 && cause !== undefined; depth += 1) {
    const code = at(cause, 'code');
    if (typeof code === 'string' && /^E[A-Z_]{3,30}$/.test(code)) return code;
    const name = at(cause, 'name');
    if (name === 'TimeoutError' || name === 'AbortError') return 'i/o timeout';
    cause = at(cause, 'cause');
  }
  return /timeout/i.test(text(at(error, 'message'))) ? 'i/o timeout' : 'connection reset';
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function at(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
