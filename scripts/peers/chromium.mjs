// A real Chromium: the one that is there, else Debian's package.
import { spawnSync } from 'node:child_process';

/**
 * Path of a Chromium executable. As root on Debian it is installed when it is missing.
 * @throws Error in one line when there is none and it cannot be installed
 */
export function ensureChromium() {
  const found = find();
  if (found) return found;
  if (process.getuid?.() === 0 && spawnSync('apt-get', ['--version']).status === 0) {
    process.stderr.write('Installing chromium (apt-get) ...\n');
    const quiet = {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    };
    spawnSync('apt-get', ['update', '-q'], quiet);
    spawnSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], quiet);
    const installed = find();
    if (installed) return installed;
  }
  throw new Error('Chromium is missing and cannot be installed here. Install Chromium or Chrome and run again.');
}

function find() {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return undefined;
}
