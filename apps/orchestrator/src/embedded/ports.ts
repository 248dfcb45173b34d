import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { PlanwardenError } from '@planwarden/contracts';
import { isMissing, otherLoopback, portInUse } from '../http/listening.js';

/**
 * Below what systems hand out by themselves: a port named now may be listened on seconds later, and no connection of
 * anybody takes it meanwhile.
 */
const FIRST_PORT = 15_000;
const LAST_PORT = 32_000;
const TRIES = 50;

/** A port nobody listens on just now. @throws Error when none was found */
export async function freePort(): Promise<number> {
  for (let left = TRIES; left > 0; left -= 1) {
    try {
      return await probe('127.0.0.1', randomInt(FIRST_PORT, LAST_PORT));
    } catch {
      // Somebody listens there: another one.
    }
  }
  throw new Error(`no free port was found in ${TRIES} tries`);
}

/**
 * Tries the ports this start will use, before anything is started for it.
 * @param count how many from `first` on: the product, the sandbox GitHub and the sandbox cluster each take one
 * @throws PlanwardenError PORT_IN_USE naming the port
 */
export async function assertPortsFree(host: string, first: number, count: number): Promise<void> {
  for (let port = first; port < first + count; port += 1) {
    try {
      await probe(host, port);
    } catch (cause) {
      throw new PlanwardenError('PORT_IN_USE', `port ${port} on ${host} cannot be listened on`, {
        where: { field: 'listen.port' },
        remedy: `Stop what listens there, or start with --port and another number: it and the next ${count - 1} are used.`,
        cause,
      });
    }
  }
}

/**
 * The same for the other address of loopback, on which a start listens too; a machine without it has nobody there.
 * @throws PlanwardenError PORT_IN_USE
 */
export async function assertNameFree(host: string, port: number): Promise<void> {
  const other = otherLoopback(host);
  try {
    await probe(other, port);
  } catch (cause) {
    if (!isMissing(cause)) throw portInUse(other, port);
  }
}

function probe(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}
