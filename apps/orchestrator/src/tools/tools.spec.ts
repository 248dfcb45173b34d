import { readdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { TOOL_NAMES } from '@planwarden/contracts';
import { TOOLS } from './index.js';

test('the list, the closed list of names and the folder name the same tools', () => {
  expect(TOOLS.map((tool) => tool.name)).toEqual([...TOOL_NAMES]);
  const files = readdirSync(new URL('.', import.meta.url))
    .filter((file) => file.endsWith('.tool.ts'))
    .map((file) => file.replace('.tool.ts', '').replaceAll('-', '_'));
  expect(files.sort()).toEqual([...TOOL_NAMES].sort());
});

test('no tool approves, votes, discards or freezes', () => {
  for (const { name } of TOOLS) expect(name).not.toMatch(/approve|vote|confirm|merge|discard|freeze|waive|grant/);
});

test('every tool says what it is: title, safety, schemas that refuse unknown arguments', () => {
  for (const tool of TOOLS) {
    expect(tool.title).not.toBe('');
    expect(tool.description.length).toBeGreaterThan(20);
    expect(typeof tool.annotations.readOnlyHint).toBe('boolean');
    expect(tool.inputJson).toMatchObject({ type: 'object', additionalProperties: false });
    expect(tool.outputJson).toBeDefined();
  }
});

test('every argument says what it is', () => {
  for (const { name, inputJson } of TOOLS) {
    const properties = (inputJson.properties ?? {}) as Record<string, { description?: string }>;
    const silent = Object.entries(properties).filter(([, { description }]) => !description);
    expect([name, silent.map(([argument]) => argument)]).toEqual([name, []]);
  }
});

test('only what asks for a run or stops one is not read-only', () => {
  expect(TOOLS.filter((tool) => tool.annotations.readOnlyHint !== true).map((tool) => tool.name)).toEqual([
    'propose_change',
    'cancel_run',
    'retry_run',
    'rollback_run',
  ]);
});
