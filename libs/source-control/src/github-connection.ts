import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import { isPlanwardenError, type Log, PlanwardenError, silentLog } from '@planwarden/contracts';
import { conditionalFetch } from './conditional-fetch.js';

export interface SourceControlOptions {
  /** GitHub's REST base, e.g. `https://api.github.com`. */
  readonly baseUrl: string;
  /** The release App, or a fixed token for a reader. */
  readonly credential:
    | { readonly appId: number; readonly privateKey: string; readonly installationId: number }
    | { readonly token: string };
  readonly repository: { readonly owner: string; readonly name: string };
  /** Milliseconds for one request. Default 15 000. */
  readonly timeoutMs?: number;
  readonly log?: Log;
}

export interface Connection {
  readonly octokit: Octokit;
  readonly repo: { readonly owner: string; readonly repo: string };
}

/** Opens GitHub for one repository; nothing is sent yet. */
export function connect({
  baseUrl,
  credential,
  repository,
  timeoutMs = 15_000,
  log = silentLog,
}: SourceControlOptions): Connection {
  const withTimeout: typeof fetch = (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) });
  // Octokit's own words may quote an answer of GitHub, so only our sentence is logged.
  const quiet = () => log.debug({}, 'GitHub client notice');
  const octokit = new Octokit({
    baseUrl,
    ...('token' in credential ? { auth: credential.token } : { authStrategy: createAppAuth, auth: credential }),
    request: { fetch: conditionalFetch(withTimeout) },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  return { octokit, repo: { owner: repository.owner, repo: repository.name } };
}

/** Runs one piece of work at GitHub; failures are told apart by who can mend them. */
export async function atGitHub<T>(work: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw isPlanwardenError(error) ? error : failure(work, error);
  }
}

/** Like `atGitHub`, with null where GitHub answers 404. */
export async function findAtGitHub<T>(work: string, run: () => Promise<T>): Promise<T | null> {
  try {
    return await run();
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw isPlanwardenError(error) ? error : failure(work, error);
  }
}

/** HTTP status of a failure; 0 when no answer came. */
export function statusOf(error: unknown): number {
  return typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : 0;
}

function failure(work: string, cause: unknown): PlanwardenError {
  const status = statusOf(cause);
  // Without an answer Octokit says 500; a rate limit comes as 429, or 403 with a spent quota.
  if (status === 0 || status >= 500 || status === 408 || status === 429 || isRateLimited(cause)) {
    return new PlanwardenError('OUTSIDE_UNAVAILABLE', `${work}: GitHub does not answer now`, {
      remedy: 'The run tries again by itself; look at the network and the status of GitHub if it lasts.',
      failure: 'retryable',
    });
  }
  return new PlanwardenError('OUTSIDE_REFUSED', `${work}: GitHub refused with status ${status}`, {
    remedy: 'Look at the permissions of the GitHub App and at the repository.',
  });
}

function isRateLimited(cause: unknown): boolean {
  if (statusOf(cause) !== 403 || !(cause instanceof Error) || !('response' in cause)) return false;
  const response = cause.response as { headers?: Record<string, string | undefined> } | undefined;
  return response?.headers?.['x-ratelimit-remaining'] === '0' || response?.headers?.['retry-after'] !== undefined;
}
