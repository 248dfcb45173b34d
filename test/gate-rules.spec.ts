import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

interface Rule {
  readonly id: string;
  readonly text: string;
  /** The sentence of the specification it comes from. */
  readonly source: string;
}

const rules = JSON.parse(readFileSync('libs/approvals/gate-rules.json', 'utf8')) as Rule[];

function* specs(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist') continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* specs(path);
    else if (/\.(spec|part)\.ts$/.test(entry.name)) yield path;
  }
}

/** Ids after `// gate:` right above a test, a describe or its table. */
function citedIn(text: string): string[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const ids = /^\s*\/\/ gate: (.+)$/.exec(line)?.[1]?.split(', ') ?? [];
    const next = lines[index + 1] ?? '';
    return /^\s*(?:test|describe)\b|^\s*const \w+/.test(next) ? ids : [];
  });
}

const cited = new Set(
  ['apps', 'libs', 'sandbox', 'servers', 'test']
    .flatMap((folder) => [...specs(folder)])
    .flatMap((path) => citedIn(readFileSync(path, 'utf8'))),
);

test('every rule of the gate is cited by a test, and no test cites one that is not there', () => {
  const ids = rules.map((rule) => rule.id);
  expect(ids.filter((id) => !cited.has(id))).toEqual([]);
  expect([...cited].filter((id) => !ids.includes(id))).toEqual([]);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the scan would miss a rule that nobody cites', () => {
  expect(citedIn("// gate: one, two\ntest('x'")).toEqual(['one', 'two']);
  expect(citedIn("// gate: one\n\ntest('x'")).toEqual([]);
});
