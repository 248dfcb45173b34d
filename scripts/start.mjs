// npm start: installs and builds what is missing, then runs the product on embedded defaults until Ctrl-C.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { ensureNode, ensurePackages, root } from './lib/ensure.mjs';

ensureNode();
ensurePackages();
build();
const child = spawn(process.execPath, [join(root, 'apps/orchestrator/dist/main.js'), ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// Ctrl-C and a terminal that closes reach both of us; only the child decides when it is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === null ? 1 : 130);
});
