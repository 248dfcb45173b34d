// npm run bench -- <name> [--json]: paired figures, never a gate. The last line is one JSON object.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from './lib/build.mjs';
import { ensureNode, ensurePackages, root } from './lib/ensure.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    old: { type: 'boolean', default: false },
  },
});
const names = readdirSync(join(root, 'bench'))
  .filter((file) => file.endsWith('.bench.mjs'))
  .map((file) => file.replace('.bench.mjs', ''));
const name = positionals[0] ?? '';
if (!existsSync(join(root, 'bench', `${name}.bench.mjs`))) {
  process.stderr.write(
    `INPUT_INVALID: there is no bench "${name}". Use: npm run bench -- <${names.join(' | ')}> [--json]\n`,
  );
  process.exit(1);
}
ensureNode();
ensurePackages();
build();
const { run } = await import(`../bench/${name}.bench.mjs`);
const say = (text) => {
  if (!values.json) process.stdout.write(`${text}\n`);
};
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const lines = await run({ say, rounds, old: values.old });
for (const line of lines) process.stdout.write(`${JSON.stringify(line)}\n`);
process.exit(0);
