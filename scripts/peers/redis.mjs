// A real Redis server: the one that is there (Valkey will do), else Debian's package.
import { spawnSync } from 'node:child_process';

/**
 * Path of redis-server or valkey-server. As root on Debian it is installed when it is missing; its service is not used.
 * @throws Error in one line when there is none and it cannot be installed
 */
export function ensureRedis() {
  const found = find();
  if (found) return found;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    process.stderr.write('Installing redis-server (apt-get) ...\n');
    const quiet = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    spawnSync('apt-get', ['update', '-q'], quiet);
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'redis-server'], quiet);
    const installed = find();
    if (installed) return installed;
  }
  throw new Error(
    'Redis is missing and cannot be installed here. Install redis-server or valkey-server and run again.',
  );
}

function find() {
  for (const name of ['valkey-server', 'redis-server']) {
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return undefined;
}
