// npm run check: types, lint and format, arrows between folders. No binary beyond npm.
import { bin, ensureNode, ensurePackages, run } from './lib/ensure.mjs';

ensureNode();
ensurePackages();
process.stdout.write('types ...\n');
run(bin('tsc'), ['-b']);
run(bin('tsc'), ['-p', 'tsconfig.tests.json']);
process.stdout.write('generated files ...\n');
run(process.execPath, ['scripts/docs-build.mjs', '--check']);
run(process.execPath, ['scripts/stack-job-build.mjs', '--check']);
process.stdout.write('lint and format ...\n');
run(bin('biome'), ['ci', '--error-on-warnings', '.']);
process.stdout.write('check: ok\n');
