import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SIZE = '160m';
const BALLAST = 'ballast';

/** A disk in memory, small enough to be filled to its last byte. */
export class SmallDisk {
  readonly #unmountAtExit = (): void => void unmount(this.folder);

  private constructor(private readonly folder: string) {
    process.on('exit', this.#unmountAtExit);
  }

  /** Undefined where this machine lets us mount nothing, as it does not let anybody who is not root. */
  static mountedOn(folder: string): SmallDisk | undefined {
    const options = `size=${SIZE},mode=0711`;
    const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' });
    return status === 0 ? new SmallDisk(folder) : undefined;
  }

  /** Leaves no room for anything. */
  fill(): void {
    const file = openSync(join(this.folder, BALLAST), 'w', 0o600);
    try {
      for (const size of [1024 * 1024, 4096]) {
        const part = Buffer.alloc(size);
        let hasRoom = true;
        while (hasRoom) hasRoom = writes(file, part);
      }
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(join(this.folder, BALLAST), { force: true });
  }

  unmount(): void {
    process.off('exit', this.#unmountAtExit);
    unmount(this.folder);
  }
}

/** False when the disk is full. */
function writes(file: number, part: Buffer): boolean {
  try {
    return writeSync(file, part) === part.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}

function unmount(folder: string): void {
  // Lazily: a server that was killed may keep a file open for an instant.
  spawnSync('umount', ['-l', folder], { stdio: 'ignore' });
}
