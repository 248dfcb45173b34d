// A real counterpart that Go builds: once a version, kept in the user's cache folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder all built counterparts are kept in. */
export function peerCache(...below) {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'planwarden', ...below);
}

/** First 12 hex digits of the SHA-256 over the Go files, go.mod and go.sum of a folder: one binary a source. */
function sourceDigest(folder) {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex').slice(0, 12);
}

/**
 * Path of a binary that Go builds from `scripts/peers/<name>/` (its go.mod and go.sum fix every module). Builds it when
 * it is not there yet, with at most two compilers at once: the larger ones take over 2 GB each.
 * @param {{ name: string, version: string, target?: string, ldflags?: string, takes: string }} what target is a package
 *   path, `.` when left out; takes says in words how long a build lasts
 * @throws Error in one line when Go is missing or the build fails
 */
export function goBuild({ name, version, target = '.', ldflags = '', takes }) {
  const source = fileURLToPath(new URL(`./${name}`, import.meta.url));
  const folder = peerCache('bin');
  const binary = join(folder, `${name}-${version}-${sourceDigest(source)}`);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`Building ${name} ${version} (go build, ${takes}) ...\n`);
  const unfinished = `${binary}.${process.pid}`;
  const result = spawnSync(
    'go',
    ['build', '-mod=readonly', '-p', '2', '-trimpath', `-ldflags=-s -w ${ldflags}`, '-o', unfinished, target],
    {
      cwd: source,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, CGO_ENABLED: '0', GOFLAGS: '' },
    },
  );
  if (result.error)
    throw new Error(`${name} cannot be built: go could not be started (${result.error.code}). Install Go.`);
  if (result.status !== 0) throw new Error(`${name} cannot be built: go build ended with ${result.status}.`);
  renameSync(unfinished, binary);
  return binary;
}
