// npm run test:faults -- --seeds N [--seed S]: the run engine in worker processes under seeded faults, from the sources.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureNode, ensurePackages, root } from './lib/ensure.mjs';

ensureNode();
ensurePackages();
const load = join(root, 'test', 'attacks', 'load', 'register.mjs');
const flags = ['--conditions=source', '--no-warnings', '--import', load];
const main = join(root, 'test', 'faults', 'engine', 'main.ts');
const { status, signal } = spawnSync(process.execPath, [...flags, main, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
if (signal !== null) process.stderr.write(`The faults were ended by ${signal}.\n`);
process.exitCode = status ?? 1;
