// Writes the pages that are generated from code. `--check` only compares and fails on a difference.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './lib/ensure.mjs';

const { effectsTable, runStatesDiagram } = await import('../libs/runs/dist/index.js');
const { changePipeline } = await import('../apps/orchestrator/dist/change/change.pipeline.js');
const { reviewPipeline } = await import('../apps/orchestrator/dist/review/review.pipeline.js');

/** A page of which one part is made from code. */
function withPart(name, part, text) {
  const page = readFileSync(join(root, name), 'utf8');
  const [before, rest = ''] = page.split(`<!-- ${part} -->\n`);
  const after = rest.split(`<!-- /${part} -->`)[1];
  if (after === undefined) throw new Error(`${name} has no part "${part}"`);
  return `${before}<!-- ${part} -->\n\n${text}\n\n<!-- /${part} -->${after}`;
}

const gateRules = JSON.parse(readFileSync(join(root, 'libs/approvals/gate-rules.json'), 'utf8'));

const pages = {
  'docs/gate-rules.md': `# Rules of the gate

Generated from \`libs/approvals/gate-rules.json\`; change that, then run \`npm run docs:build\`. Tests cite the rules they prove by
\`// gate: <id>\`; \`test/gate-rules.spec.ts\` fails for a rule that nobody cites.

| id | rule | from |
| --- | --- | --- |
${gateRules.map(({ id, text, source }) => `| \`${id}\` | ${text} | ${source} |`).join('\n')}
`,
  'docs/run-states.md': `# States of a run

Generated from the one map of states in \`libs/runs/src/run-states.ts\`; change the map, then run \`npm run docs:build\`.
A wait has a reason (approval, lock, sync, rollout, outside down) and is not a state. Going back to \`validating\` is a new
round; going back to \`awaiting_approval\` is the road entering again at confirm.

\`\`\`mermaid
${runStatesDiagram()}
\`\`\`
`,
};
// A pipeline is described by its steps alone: what they work with is not asked for.
const effects = `A change:\n\n${effectsTable(changePipeline({}))}\n\nA review:\n\n${effectsTable(reviewPipeline({}))}`;
pages['docs/durability.md'] = withPart('docs/durability.md', 'effects', effects);
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
