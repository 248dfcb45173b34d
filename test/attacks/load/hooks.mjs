// Loads the TypeScript sources as they stand, with the cuts of one guard: each takes exactly one place out of one file.
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

let root = '';
let cuts = [];

export function initialize(data) {
  ({ root, cuts } = data);
}

export function resolve(specifier, context, next) {
  if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (existsSync(source)) return { url: source.href, format: 'module', shortCircuit: true };
  }
  // Only our own packages are read from their sources; others use that condition for their authors' tools.
  if (specifier.startsWith('@planwarden/')) return next(specifier, context);
  return next(specifier, { ...context, conditions: context.conditions.filter((one) => one !== 'source') });
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const file = fileURLToPath(url);
  const { code } = await transform(cutOut(readFileSync(file, 'utf8'), relative(root, file)), {
    filename: file,
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: false },
    },
    module: { type: 'es6' },
    sourceMaps: 'inline',
  });
  return { format: 'module', source: code, shortCircuit: true };
}

function cutOut(text, file) {
  return cuts
    .filter((cut) => cut.file === file)
    .reduce((now, { find, put }) => {
      if (now.split(find).length !== 2) throw new Error(`${file}: not exactly one place reads ${find}`);
      return now.replace(find, () => put);
    }, text);
}
