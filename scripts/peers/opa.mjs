// The real opa, built by Go at one version and kept in the user's cache folder.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const OPA_VERSION = '1.22.0';

/**
 * Path of the opa binary. Installs it with `go install` when it is not there yet (about two minutes).
 * @throws Error in one line when Go is missing or the build fails
 */
export function ensureOpa() {
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'planwarden', 'bin');
  const binary = join(folder, `opa-${OPA_VERSION}`);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`Building opa ${OPA_VERSION} (go install, about two minutes) ...\n`);
  const result = spawnSync(
    'go',
    ['install', '-trimpath', '-ldflags=-s -w', `github.com/open-policy-agent/opa@v${OPA_VERSION}`],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CGO_ENABLED: '0', GOBIN: folder } },
  );
  if (result.error) throw new Error(`opa cannot be built: go could not be started (${result.error.code}). Install Go.`);
  if (result.status !== 0) throw new Error(`opa cannot be built: go install ended with ${result.status}.`);
  renameSync(join(folder, 'opa'), binary);
  return binary;
}
