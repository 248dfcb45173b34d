// Writes the pages that are generated from code. `--check` only compares and fails on a difference.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/ensure.mjs';

const { runStatesDiagram } = await import('../libs/runs/dist/index.js');

const pages = {
  'docs/run-states.md': `# States of a run

Generated from the one map of states in \`libs/runs/src/run-states.ts\`; change the map, then run \`npm run docs:build\`.
A wait has a reason (approval, lock, sync, rollout, outside down) and is not a state. Going back to \`validating\` is a new
round; going back to \`awaiting_approval\` is the road entering again at confirm.

\`\`\`mermaid
${runStatesDiagram()}
\`\`\`
`,
};
const isCheck = process.argv.includes('--check');
for (const [name, text] of Object.entries(pages)) {
  const path = join(root, name);
  if (!isCheck) {
    writeFileSync(path, text);
    continue;
  }
  let found = '';
  try {
    found = readFileSync(path, 'utf8');
  } catch {
    // Missing is different.
  }
  if (found !== text) {
    process.stderr.write(`${name} is not what the code says. Run npm run docs:build.\n`);
    process.exitCode = 1;
  }
}
