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
  const outside = join(tmpdir(), `planwarden-${digest}.lock`);
  if (inside.length > LONGEST_PATH) return hold(outside);
  try {
    return await hold(inside);
  } catch (error) {
    // Some file systems that containers share with their host carry no sockets.
    if (error instanceof PlanwardenError) throw error;
    return hold(outside);
  }
}

async function hold(path: string): Promise<FolderLock> {
  try {
    return await listen(path);
  } catch (cause) {
    const isTaken = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EADDRINUSE';
    if (!isTaken) throw cause;
    if (await answers(path)) throw locked();
    // Nobody answers: what a killed process left behind.
    rmSync(path, { force: true });
    return listen(path).catch(() => {
      throw locked();
    });
  }
}

async function listen(path: string): Promise<FolderLock> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  chmodSync(path, 0o600);
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

const locked = (): PlanwardenError =>
  new PlanwardenError('DATA_FOLDER_LOCKED', 'another Planwarden process is using this data folder', {
    where: { field: '--data' },
    remedy: 'Stop the other one, or give another folder with --data.',
  });

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
