// Builds every package and the pages; what has not changed since the last build is left alone.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bin, root, run } from './ensure.mjs';

/** Digest of everything the build reads. */
function sources() {
  const hash = createHash('sha256');
  const walk = (folder) => {
    for (const name of readdirSync(folder).sort()) {
      if (name === 'node_modules' || name === 'dist') continue;
      const path = join(folder, name);
      if (statSync(path).isDirectory()) walk(path);
      else if (!/\.spec(-kit)?\.tsx?$/.test(name)) hash.update(path.slice(root.length)).update(readFileSync(path));
    }
  };
  for (const folder of ['libs', 'servers', 'sandbox', 'apps']) walk(join(root, folder));
  for (const file of ['package-lock.json', 'tsconfig.base.json', 'tsconfig.json'])
    hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

export function build() {
  const stamp = join(root, 'node_modules', '.planwarden-build');
  const digest = sources();
  const isBuilt = existsSync(join(root, 'apps/orchestrator/dist/main.js'));
  if (isBuilt && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  process.stderr.write('Building ...\n');
  run(bin('tsc'), ['-b']);
  if (existsSync(join(root, 'apps/web/vite.config.ts'))) run(bin('vite'), ['build', 'apps/web', '--logLevel', 'warn']);
  writeFileSync(stamp, digest);
}
