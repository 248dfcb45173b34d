// Bundles the program of the shipped workflows into one file. `--check` only compares and fails on a difference.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './lib/ensure.mjs';

const OUT = 'deploy/github/planwarden-stack.mjs';
const BANNER = `// Generated from apps/stack-job by \`npm run stack-job:build\`: the program that the workflows beside it run.
// It is the same code that plans and applies in a worker. Contains zod (MIT), fflate (MIT), canonicalize (Apache-2.0).`;

const bundle = await rolldown({
  input: join(root, 'apps/stack-job/src/main.ts'),
  platform: 'node',
  cwd: root,
  resolve: {
    conditionNames: ['source', 'import', 'node', 'default'],
    alias: Object.fromEntries(
      ['./hcl-programs.js', 'web-tree-sitter'].map((name) => [name, join(root, 'apps/stack-job/src/no-parser.ts')]),
    ),
  },
  // No module of ours does anything when it is only imported.
  treeshake: { moduleSideEffects: false },
  tsconfig: join(root, 'tsconfig.base.json'),
  logLevel: 'silent',
});
const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, banner: BANNER, minify: false });
await bundle.close();
const [chunk] = output;
if (output.length !== 1 || chunk?.type !== 'chunk') throw new Error('the program is not one file');
const path = join(root, OUT);
const found = existsSync(path) ? readFileSync(path, 'utf8') : '';
if (!process.argv.includes('--check')) writeFileSync(path, chunk.code);
else if (found !== chunk.code) {
  process.stderr.write(`${OUT} is not what its sources say. Run npm run stack-job:build.\n`);
  process.exitCode = 1;
}
