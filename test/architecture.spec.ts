import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';

const root = fileURLToPath(new URL('..', import.meta.url));
// By a name that is not a literal: the file has no types of its own.
const rulesFile = '../.dependency-cruiser.mjs';
const { default: rules } = (await import(rulesFile)) as {
  default: ICruiseOptions['ruleSet'] & { options: ICruiseOptions };
};

/** Cruises a folder with the project's rules and returns the broken ones as `rule: from -> to`. */
async function broken(baseDir: string, folders: string[]): Promise<string[]> {
  const { options, ...ruleSet } = rules;
  const result = await cruise(
    folders,
    { ...options, ruleSet, validate: true, baseDir },
    options.enhancedResolveOptions,
  );
  return (result.output as ICruiseResult).summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`);
}

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

describe('arrows between folders', () => {
  test('hold in the whole tree', async () => {
    expect(await broken(root, ['libs', 'servers', 'sandbox', 'apps'])).toEqual([]);
  });

  test.each([
    ['libs-never-sideways', 'libs/graph/src/a.ts', 'libs/runs/src/b.ts'],
    ['contracts-import-nothing-of-ours', 'libs/contracts/src/a.ts', 'libs/redaction/src/b.ts'],
    ['database-and-redaction-import-contracts-only', 'libs/database/src/a.ts', 'libs/runs/src/b.ts'],
    ['approvals-and-cluster-import-below-only', 'libs/approvals/src/a.ts', 'libs/graph/src/b.ts'],
    ['evidence-imports-contracts-only', 'libs/evidence/src/a.ts', 'libs/database/src/b.ts'],
    ['servers-import-libs-only', 'servers/github/src/a.ts', 'apps/orchestrator/src/b.ts'],
    ['production-never-imports-sandbox', 'libs/runs/src/a.ts', 'sandbox/github/src/b.ts'],
    ['production-never-imports-sandbox', 'apps/orchestrator/src/main.ts', 'sandbox/github/src/b.ts'],
    ['sandbox-imports-contracts-only', 'sandbox/github/src/a.ts', 'libs/runs/src/b.ts'],
  ])('%s fails on %s -> %s', async (rule, from, to) => {
    const folder = mkdtempSync(join(tmpdir(), 'planwarden-arrows-'));
    try {
      for (const path of [from, to]) mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, to), 'export const b = 1;\n');
      const way = relative(dirname(from), to).replace(/\.ts$/, '.js');
      writeFileSync(join(folder, from), `import { b } from '${way}';\nexport const a = b;\n`);
      expect(await broken(folder, [from.split('/')[0] ?? ''])).toContain(`${rule}: ${from} -> ${to}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe('what sources may touch', () => {
  test('no lib reads the environment; apps and servers do it in config.ts alone', () => {
    const readers: string[] = [];
    for (const folder of ['libs', 'servers', 'apps']) {
      for (const path of sources(join(root, folder))) {
        const name = relative(root, path);
        if (/\.spec\.tsx?$/.test(name) || /^(apps|servers)\/[^/]+\/src\/config\.ts$/.test(name)) continue;
        const code = readFileSync(path, 'utf8').replaceAll(/\/\/.*$/gm, '');
        if (/\bprocess\.env\b/.test(code)) readers.push(name);
      }
    }
    expect(readers).toEqual([]);
  });

  test('every lib, server and sandbox has one front door and a manifest that says private', () => {
    for (const folder of ['libs', 'servers', 'sandbox']) {
      for (const entry of readdirSync(join(root, folder))) {
        const manifest = JSON.parse(readFileSync(join(root, folder, entry, 'package.json'), 'utf8')) as {
          private: boolean;
          exports: Record<string, unknown>;
        };
        expect([entry, manifest.private, Object.keys(manifest.exports)]).toEqual([entry, true, ['.']]);
      }
    }
  });
});
