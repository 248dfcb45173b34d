import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlanwardenError, sha256 } from '@planwarden/contracts';

export interface FolderLock {
  release(): Promise<void>;
}

/** Paths of Unix sockets end where their address structure does. */
const LONGEST_PATH = 100;

/**
 * Holds a data folder for this process, by a socket in it: the lock goes with the process, however it ends.
 * @throws PlanwardenError DATA_FOLDER_LOCKED while another live process holds it
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const inside = join(folder, 'lock');
  const digest = sha256(folder).replace(/\W/g, '').slice(-32);
  const path = inside.length <= LONGEST_PATH ? inside : join(tmpdir(), `planwarden-${digest}.lock`);
  for (const isLast of [false, true]) {
    const server = createServer((socket) => socket.destroy());
    try {
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
      chmodSync(path, 0o600);
      server.unref();
      return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    } catch (cause) {
      const isTaken = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EADDRINUSE';
      if (!isTaken) throw cause;
      // Nobody answers: what a killed process left behind.
      if (isLast || (await answers(path))) {
        throw new PlanwardenError('DATA_FOLDER_LOCKED', 'another Planwarden process is using this data folder', {
          where: { field: '--data' },
          remedy: 'Stop the other one, or give another folder with --data.',
        });
      }
      rmSync(path, { force: true });
    }
  }
  throw new Error('not reached');
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (said: boolean): void => {
      socket.destroy();
      resolve(said);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
  });
}
