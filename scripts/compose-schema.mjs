// Makes test/compose-schema/ anew: the JSON Schema of the Compose Specification, as the Go module of Docker's own
// compose ships it (Apache-2.0). `--check` compares.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/ensure.mjs';

const MODULE = 'github.com/compose-spec/compose-go/v2@v2.16.2';
const folder = join(root, 'test', 'compose-schema');

const got = spawnSync('go', ['mod', 'download', '-json', MODULE], { encoding: 'utf8' });
if (got.status !== 0) {
  process.stderr.write(`${MODULE} cannot be had: ${got.error?.code ?? `go ended with ${got.status}`}. It needs Go.\n`);
  process.exit(1);
}
const { Dir, Sum } = JSON.parse(got.stdout);
const files = {
  'compose-spec.json': readFileSync(join(Dir, 'schema', 'compose-spec.json'), 'utf8'),
  LICENSE: readFileSync(join(Dir, 'LICENSE'), 'utf8'),
  'NOTICE.md': `compose-spec.json is schema/compose-spec.json of ${MODULE} (${Sum}), unchanged.\nIts licence is Apache-2.0, in LICENSE beside this file. Made by scripts/compose-schema.mjs.\n`,
};
mkdirSync(folder, { recursive: true });
const isCheck = process.argv.includes('--check');
for (const [name, content] of Object.entries(files)) {
  const file = join(folder, name);
  if (!isCheck) writeFileSync(file, content);
  else if (readFileSync(file, 'utf8') !== content) {
    process.stderr.write(`${file} differs from ${MODULE}. Run node scripts/compose-schema.mjs.\n`);
    process.exitCode = 1;
  }
}
