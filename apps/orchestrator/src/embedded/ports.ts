import { createServer } from 'node:net';
import { PlanwardenError } from '@planwarden/contracts';

/** A port nobody listens on just now. */
export function freePort(): Promise<number> {
  return probe('127.0.0.1', 0);
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
