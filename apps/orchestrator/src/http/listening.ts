import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PlanwardenError } from '@planwarden/contracts';
import type { Listen } from '../config.file.js';

/** Longer than any client keeps an idle connection: else a request may meet its end on the way. */
export const KEEP_ALIVE_MS = 75_000;

/** The other address of loopback: `localhost` may mean either. */
export const otherLoopback = (host: string): string => (host === '::1' ? '127.0.0.1' : '::1');

/**
 * Listens on the other address of loopback as well, so that nobody else is behind the name `localhost`, under which people
 * are told to open the pages. A machine without that address has nobody there either.
 * @throws PlanwardenError PORT_IN_USE
 */
export async function listenBeside(
  { hosts }: Pick<Listen, 'hosts'>,
  { address, port }: Pick<AddressInfo, 'address' | 'port'>,
  answer: RequestListener,
): Promise<Server | null> {
  if (hosts !== null) return null;
  const host = otherLoopback(address);
  const server = createServer(answer);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port, host, ipv6Only: true }, resolve);
    });
    return server;
  } catch (error) {
    if (isMissing(error)) return null;
    throw isInUse(error) ? portInUse(host, port) : error;
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

export const isInUse = (error: unknown): boolean => codeOf(error) === 'EADDRINUSE';

/** Whether this machine has no such address. */
export const isMissing = (error: unknown): boolean =>
  ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(String(codeOf(error)));

export function portInUse(host: string, port: number): PlanwardenError {
  return new PlanwardenError('PORT_IN_USE', `port ${port} on ${host} is in use`, {
    where: { field: 'listen.port' },
    remedy: 'Stop what listens there, or start with --port and another number.',
  });
}
