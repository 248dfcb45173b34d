// What every command does first: a Node that is new enough, and the packages of the lock file.
// Plain JavaScript with no imports from node_modules: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Ends the process with one clear line when Node is older than package.json asks for. */
export function ensureNode() {
  const wanted = [20, 19, 0];
  const have = process.versions.node.split('.').map(Number);
  const older = wanted.reduce((said, part, i) => (said !== 0 ? said : (have[i] ?? 0) - part), 0) < 0;
  if (!older) return;
  process.stderr.write(
    `NODE_TOO_OLD: Planwarden needs Node ${wanted.join('.')} or newer, this is ${process.versions.node}. Install a newer Node and start again.\n`,
  );
  process.exit(1);
}

/** Installs the packages of the lock file, once for each content of it. */
export function ensurePackages() {
  const stamp = join(root, 'node_modules', '.planwarden-lock');
  const digest = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  process.stderr.write('Installing packages ...\n');
  // Not `npm ci`: it refuses a whole install when a registry lacks the optional build of a platform we are not on.
  // `--no-save` keeps to the lock file just the same and never writes it.
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stamp, digest);
}

/**
 * Runs a command in the project's root and ends this process with its exit code when it fails.
 * @returns {void}
 */
export function run(command, args, env = {}) {
  const result = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  if (result.error) {
    process.stderr.write(`${command} could not be started: ${result.error.message}\n`);
    process.exit(1);
  }
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** Path of an executable that npm installed in this project. */
export function bin(name) {
  return join(root, 'node_modules', '.bin', name);
}
