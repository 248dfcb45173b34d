import { createRequire } from 'node:module';
import { PlanwardenError } from '@planwarden/contracts';
import { Language, type Node, Parser } from 'web-tree-sitter';
import { FILE_FUNCTIONS, PURE_FUNCTIONS, REFUSED_FUNCTIONS } from './functions.js';
import {
  everyAttribute,
  type HclAttribute,
  type HclBlock,
  type HclCall,
  type HclFile,
  type HclPlace,
} from './hcl-file.js';
import { hclToJson } from './hcl-programs.js';

let grammar: Promise<Language> | undefined;

function language(): Promise<Language> {
  grammar ??= Parser.init().then(() =>
    Language.load(
      createRequire(import.meta.url).resolve('@tree-sitter-grammars/tree-sitter-hcl/tree-sitter-terraform.wasm'),
    ),
  );
  return grammar;
}

/**
 * Reads Terraform source. Two readers must agree: HashiCorp's own (compiled to wasm; no positions) and tree-sitter's
 * (positions). What one of them does not understand, or sees otherwise, is refused.
 * @param path as messages name it
 * @throws PlanwardenError TERRAFORM_INVALID with file, line and column
 */
export async function parseHcl(path: string, text: string): Promise<HclFile> {
  const json = await official(path, text);
  const grammarOfTerraform = await language();
  const parser = new Parser();
  parser.setLanguage(grammarOfTerraform);
  const tree = parser.parse(text);
  try {
    if (tree === null) throw invalid(path, { line: 1, column: 1 }, 'cannot be read');
    const odd = firstOdd(tree.rootNode);
    if (odd) throw invalid(path, placeOf(odd), 'is not understood here');
    const body = tree.rootNode.namedChildren.find((child) => child?.type === 'body');
    const { attributes, blocks } = body ? bodyOf(body) : { attributes: [], blocks: [] };
    const stray = attributes[0];
    if (stray) throw invalid(path, stray, `${stray.name} stands outside of every block`);
    if (shape(blocks) !== shapeOfJson(json) || hidesCalls(blocks, json)) {
      throw invalid(path, { line: 1, column: 1 }, 'is read in two ways; write it more plainly');
    }
    return { path, blocks };
  } finally {
    tree?.delete();
    parser.delete();
  }
}

async function official(path: string, text: string): Promise<Record<string, unknown>> {
  try {
    return (await hclToJson('main.tf', text)) as Record<string, unknown>;
  } catch (error) {
    // `[main.tf:2,7-3,1: Invalid expression; Expected ...]`; words of the reader quote no more than names.
    const said = error instanceof Error ? error.message : String(error);
    const found = /\[main\.tf:(\d+),(\d+)[^:]*: ([^;\]]{1,200})/.exec(said);
    const place = { line: Number(found?.[1] ?? 1), column: Number(found?.[2] ?? 1) };
    throw invalid(path, place, (found?.[3] ?? 'cannot be read').toLowerCase());
  }
}

export function invalid(path: string, place: HclPlace, what: string): PlanwardenError {
  return new PlanwardenError('TERRAFORM_INVALID', `${path}:${place.line}:${place.column}: ${what}`, {
    where: { file: path, line: place.line, column: place.column },
    remedy: 'Mend the file at this place; `terraform validate` says more.',
  });
}

const placeOf = (node: Node): HclPlace => ({
  line: node.startPosition.row + 1,
  column: node.startPosition.column + 1,
});
const named = (node: Node): Node[] => node.namedChildren.filter((child): child is Node => child !== null);

/** The first node that the grammar could not place; a file with one is not understood. */
function firstOdd(node: Node): Node | undefined {
  if (!node.hasError && !node.isMissing) return undefined;
  if (node.isError || node.isMissing) return node;
  for (const child of node.children) {
    const found = child === null ? undefined : firstOdd(child);
    if (found) return found;
  }
  return node;
}

function bodyOf(body: Node): { readonly attributes: HclAttribute[]; readonly blocks: HclBlock[] } {
  const attributes: HclAttribute[] = [];
  const blocks: HclBlock[] = [];
  for (const child of named(body)) {
    if (child.type === 'attribute') attributes.push(attributeOf(child));
    else if (child.type === 'block') blocks.push(blockOf(child));
  }
  return { attributes, blocks };
}

function blockOf(node: Node): HclBlock {
  const [type, ...rest] = named(node);
  const labels = rest.filter((child) => child.type === 'string_lit' || child.type === 'identifier');
  const body = rest.find((child) => child.type === 'body');
  return {
    ...placeOf(node),
    type: type?.text ?? '',
    labels: labels.map((label) => (label.type === 'identifier' ? label.text : plainText(label))),
    ...(body ? bodyOf(body) : { attributes: [], blocks: [] }),
  };
}

function attributeOf(node: Node): HclAttribute {
  const [name, expression] = named(node);
  const calls: HclCall[] = [];
  const references: string[] = [];
  if (expression) collect(expression, calls, references);
  return {
    ...placeOf(node),
    name: name?.text ?? '',
    text: expression?.text ?? '',
    literal: expression ? literalOf(expression) : undefined,
    calls,
    references,
  };
}

function collect(node: Node, calls: HclCall[], references: string[]): void {
  if (node.type === 'function_call') calls.push(callOf(node));
  if (node.type === 'variable_expr') references.push(referenceOf(node));
  for (const child of named(node)) collect(child, calls, references);
}

function callOf(node: Node): HclCall {
  const [, ...rest] = named(node);
  const given = rest.find((child) => child.type === 'function_arguments');
  // The name as written up to the bracket: a provider's own function has colons in it.
  const name = node.text.slice(0, node.text.indexOf('(')).trim();
  const args = (given ? named(given) : [])
    .filter((child) => child.type === 'expression')
    .map((child) => {
      const literal = literalOf(child);
      return typeof literal === 'string' ? literal : null;
    });
  return { ...placeOf(node), name, args };
}

/** `var.name`: the word and the first attribute behind it. */
function referenceOf(node: Node): string {
  const next = node.nextNamedSibling;
  return next?.type === 'get_attr' ? `${node.text}${next.text}` : node.text;
}

function literalOf(expression: Node): HclAttribute['literal'] {
  const [only, ...more] = named(expression);
  if (only === undefined || more.length > 0 || only.type !== 'literal_value') return undefined;
  const value = named(only)[0];
  if (value?.type === 'string_lit') return plainText(value);
  if (value?.type === 'numeric_lit') return Number(value.text);
  if (value?.type === 'bool_lit') return value.text === 'true';
  if (value?.type === 'null_lit') return null;
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' };

/** The value of a quoted string without interpolation: `$${` is `${`, the usual escapes mean what they do. */
function plainText(node: Node): string {
  const inner = node.text.replace(/^"|"$/g, '');
  return inner
    .replaceAll(/\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))/g, (_, short, long, sign: string) =>
      sign === undefined ? String.fromCodePoint(Number.parseInt(short ?? long, 16)) : (ESCAPES[sign] ?? sign),
    )
    .replaceAll(/(\$|%)\1\{/g, '$1{');
}

/** Types and labels of the outermost blocks and how often each is there: what both readers must agree on. */
function shape(blocks: readonly HclBlock[]): string {
  const counts = new Map<string, number>();
  for (const block of blocks) {
    const key = JSON.stringify([block.type, ...block.labels, namesOf(block)]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return JSON.stringify([...counts].sort());
}

/** Names of attributes and blocks directly in a block. */
const namesOf = (block: HclBlock): string[] =>
  [...new Set([...block.attributes.map(({ name }) => name), ...block.blocks.map(({ type }) => type)])].sort();

/** How many labels the outermost blocks of Terraform have: without it, labels and fields look alike in the JSON. */
const LABELS: Readonly<Record<string, number>> = {
  ...{ resource: 2, data: 2, ephemeral: 2, variable: 1, output: 1, module: 1, provider: 1, check: 1, action: 2 },
  ...{ terraform: 0, locals: 0, moved: 0, import: 0, removed: 0 },
};

function shapeOfJson(json: Readonly<Record<string, unknown>>): string {
  const counts = new Map<string, number>();
  const walk = (value: unknown, type: string, labels: readonly string[], left: number): void => {
    if (left > 0 && isRecord(value)) {
      for (const [label, inner] of Object.entries(value)) walk(inner, type, [...labels, label], left - 1);
      return;
    }
    for (const body of Array.isArray(value) ? value : [value]) {
      const key = JSON.stringify([type, ...labels, isRecord(body) ? Object.keys(body).sort() : []]);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  };
  for (const [type, value] of Object.entries(json)) walk(value, type, [], LABELS[type] ?? 0);
  return JSON.stringify([...counts].sort());
}

const KNOWN = [...PURE_FUNCTIONS, ...FILE_FUNCTIONS, ...REFUSED_FUNCTIONS].join('|');
const CALL = new RegExp(String.raw`(?<![\w.-])(${KNOWN}|[A-Za-z_][\w-]*(?:::[\w-]+)+)\s*\(`, 'g');

/**
 * Whether the official reader has calls in its expressions that we did not see. Its JSON keeps expressions as text
 * inside `${...}`; text of a string that only looks like a call is counted too, so this errs on the side of refusing.
 */
function hidesCalls(blocks: readonly HclBlock[], json: unknown): boolean {
  const left = new Map<string, number>();
  for (const { calls } of everyAttribute(blocks)) {
    for (const { name } of calls) left.set(name, (left.get(name) ?? 0) + 1);
  }
  for (const written of strings(json)) {
    // Escaped, these begin no expression.
    const text = written.replaceAll(/([$%])\1\{/g, '');
    const begin = text.search(/[$%]\{/);
    if (begin < 0) continue;
    for (const [, name = ''] of text.slice(begin).matchAll(CALL)) {
      const count = (left.get(name) ?? 0) - 1;
      if (count < 0) return true;
      left.set(name, count);
    }
  }
  return false;
}

function* strings(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (Array.isArray(value)) for (const item of value) yield* strings(item);
  else if (isRecord(value)) for (const item of Object.values(value)) yield* strings(item);
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
