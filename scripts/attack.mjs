// npm run attack -- approval [--guards=on|off|<id,id>] [--only=<attack,attack>]: the attacks on the gate, from the sources.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureNode, ensurePackages, root } from './lib/ensure.mjs';

ensureNode();
ensurePackages();
const [name, ...options] = process.argv.slice(2);
if (name !== 'approval') {
  process.stderr.write('Usage: npm run attack -- approval [--guards=on|off|<id,id>] [--only=<attack,attack>]\n');
  process.exit(2);
}
const attacks = join(root, 'test', 'attacks');
const flags = ['--conditions=source', '--no-warnings', '--import', join(attacks, 'load', 'register.mjs')];
const { status } = spawnSync(process.execPath, [...flags, join(attacks, 'main.ts'), ...options], {
  cwd: root,
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
