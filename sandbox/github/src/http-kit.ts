import type { Caller } from './identity.js';
import type { RepositoryContext, SandboxCore } from './sandbox-core.js';
import type { Level, Permission } from './seed.js';

export type Json = { [key: string]: unknown };

/** An answer GitHub would give instead of success. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors?: unknown[],
  ) {
    super(message);
  }
  body(): Json {
    return {
      message: this.message,
      documentation_url: 'https://docs.github.com/rest',
      ...(this.errors ? { errors: this.errors } : {}),
      status: String(this.status),
    };
  }
}

export const notFound = (): ApiError => new ApiError(404, 'Not Found');
export const notAccessible = (): ApiError => new ApiError(403, 'Resource not accessible by integration');

export interface Answer {
  status: number;
  body?: unknown;
  /** For a list: the items of all pages. The server cuts the page and writes the Link header. */
  list?: { items: unknown[]; wrap?: (page: unknown[], first: boolean) => unknown };
  /** For another media type than JSON; no schema describes it. */
  raw?: { type: string; data: string | Uint8Array };
  /** Where what is asked for can be fetched, for a while and without credentials. */
  location?: string;
}

export interface RouteContext {
  core: SandboxCore;
  caller: Caller;
  params: Record<string, string>;
  query: Record<string, string>;
  body: Json;
  /** The Accept header. */
  accept: string;
}
export interface RepoRouteContext extends RouteContext {
  repo: RepositoryContext;
}

/** What an App must hold: any one of the pairs is enough, as GitHub documents for comments. People need the level as a role. */
export type Needs = Array<[Permission, Level]>;

export interface Route {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** The path template of GitHub's OpenAPI; `{ref}` and `{path}` may hold slashes. */
  path: string;
  needs: Needs;
  auth: 'any' | 'signed-in' | 'app-jwt' | 'installation';
  handle(context: RouteContext): Promise<Answer>;
}

type RepoHandler = (context: RepoRouteContext) => Promise<Answer>;

/** A route under /repos/{owner}/{repo}: finds the repository and checks what the caller may do there. */
export function repoRoute(method: Route['method'], path: string, needs: Needs, handler: RepoHandler): Route {
  return {
    method,
    path: `/repos/{owner}/{repo}${path}`,
    needs,
    auth: 'signed-in',
    handle: async (context) => {
      const repo = context.core.repository(context.params.owner ?? '', context.params.repo ?? '');
      context.core.requireAccess(context.caller, repo, needs);
      return handler({ ...context, repo });
    },
  };
}

export const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);
export const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);
export const isRecord = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** Seconds only, as GitHub writes times. */
export const instant = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** What an operation says about one field, as GitHub's `validation-error` does. */
export const invalid = (resource: string, field: string, message?: string): ApiError =>
  new ApiError(422, 'Validation Failed', [
    message === undefined ? { resource, field, code: 'invalid' } : { resource, field, code: 'custom', message },
  ]);
