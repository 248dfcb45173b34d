import { parseArgs } from 'node:util';
import { PlanwardenError } from '@planwarden/contracts';

export interface Config {
  readonly baseUrl: string;
  readonly token: string;
  /** Undefined: stdio. */
  readonly http: { readonly port: number; readonly bearerToken: string } | undefined;
}

/** Shorter tokens can be guessed. */
const LEAST_TOKEN_LENGTH = 16;

/**
 * Reads arguments (`--http`, `--port <number>`) and environment (GITHUB_PERSONAL_ACCESS_TOKEN, GITHUB_API_URL,
 * PLANWARDEN_GITHUB_MCP_TOKEN). The only reader of the environment.
 * @throws PlanwardenError CONFIG_INVALID
 */
export function readConfig(
  args: readonly string[] = process.argv.slice(2),
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  const { http, port } = readArguments(args);
  const token = env.GITHUB_PERSONAL_ACCESS_TOKEN ?? '';
  if (token === '') throw invalid('GITHUB_PERSONAL_ACCESS_TOKEN', 'no GitHub token is set');
  return {
    baseUrl: readUrl(env.GITHUB_API_URL ?? 'https://api.github.com'),
    token,
    http: http ? { port: readPort(port), bearerToken: readBearerToken(env.PLANWARDEN_GITHUB_MCP_TOKEN) } : undefined,
  };
}

function readArguments(args: readonly string[]): { http: boolean; port: string } {
  try {
    const options = { http: { type: 'boolean' }, port: { type: 'string' } } as const;
    const { values } = parseArgs({ args: [...args], options, strict: true });
    return { http: values.http ?? false, port: values.port ?? '8765' };
  } catch (cause) {
    throw invalid('arguments', 'the known arguments are --http and --port <number>', cause);
  }
}

function readPort(value: string): number {
  const port = Number(value);
  if (!/^\d{1,5}$/.test(value) || port > 65_535) throw invalid('--port', 'a port is a number from 0 to 65535');
  return port;
}

function readUrl(value: string): string {
  if (!URL.canParse(value) || !/^https?:\/\//.test(value)) throw invalid('GITHUB_API_URL', 'it is no http(s) address');
  return value.replace(/\/+$/, '');
}

function readBearerToken(value = ''): string {
  if (value.length >= LEAST_TOKEN_LENGTH && !/\s/.test(value)) return value;
  throw invalid(
    'PLANWARDEN_GITHUB_MCP_TOKEN',
    `over HTTP callers need a token of at least ${LEAST_TOKEN_LENGTH} characters`,
  );
}

function invalid(field: string, why: string, cause?: unknown): PlanwardenError {
  return new PlanwardenError('CONFIG_INVALID', `${field}: ${why}.`, {
    where: { field },
    remedy: `Set ${field} and start again.`,
    ...(cause === undefined ? {} : { cause }),
  });
}
