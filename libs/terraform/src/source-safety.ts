import { PlanwardenError } from '@planwarden/contracts';
import { FILE_FUNCTIONS, PURE_FUNCTIONS } from './functions.js';
import {
  everyAttribute,
  everyBlock,
  type HclAttribute,
  type HclBlock,
  type HclFile,
  type HclPlace,
} from './hcl-file.js';

/** A provider that a target's changes may use. */
export interface AllowedProvider {
  /** `namespace/type` at the default registry, e.g. `hashicorp/aws`. */
  readonly source: string;
  /** The one version. */
  readonly version: string;
  /** The operator sets it up: no file may. */
  readonly isOperated?: boolean;
}

export interface SafetyOptions {
  readonly providers: readonly AllowedProvider[];
  /** Every path of the module's folder, relative to it: what `file(...)` may name. */
  readonly paths: readonly string[];
}

/** One reason why a file may not be planned. */
export interface Refusal extends HclPlace {
  readonly file: string;
  readonly message: string;
  readonly remedy: string;
}

const TOP_LEVEL = new Set([
  'terraform',
  'provider',
  'variable',
  'output',
  'locals',
  'resource',
  'data',
  'moved',
  'removed',
  'import',
]);
/** Data sources that carry bytes out or in by their own: state of other stacks, other programs, other servers. */
const REFUSED_DATA = new Set(['external', 'http', 'terraform_remote_state']);
/** Settings of a provider that only say where its resources live and how they are marked. */
const PROVIDER_SETTINGS = new Set(['region', 'alias', 'location', 'project', 'zone']);
const BUILT_IN = 'terraform';

/**
 * What must not stand in files that are planned (spec 003, "A plan runs code"): a plan runs providers, modules and
 * functions on our machine. What is not understood is refused.
 * @returns every reason, in the order of the files; empty when they may be planned
 */
export function unsafeParts(files: readonly HclFile[], options: SafetyOptions): Refusal[] {
  const found: Refusal[] = [];
  const declared = declaredProviders(files);
  for (const file of files) {
    const refuse = (at: HclPlace, message: string, remedy: string): void => {
      found.push({ file: file.path, line: at.line, column: at.column, message, remedy });
    };
    for (const { block, above } of everyBlock(file.blocks)) {
      if (above.length === 0) topLevel(block, declared, options, refuse);
      else nested(block, refuse);
    }
    for (const attribute of everyAttribute(file.blocks)) calls(attribute, options, refuse);
  }
  return found;
}

/** @throws PlanwardenError TERRAFORM_REFUSED naming the first reason, with all of them as details */
export function assertSafe(files: readonly HclFile[], options: SafetyOptions): void {
  const refusals = unsafeParts(files, options);
  const [first] = refusals;
  if (first === undefined) return;
  throw new PlanwardenError('TERRAFORM_REFUSED', `${first.file}:${first.line}:${first.column}: ${first.message}`, {
    where: { file: first.file, line: first.line, column: first.column },
    remedy: first.remedy,
    details: refusals.map(({ file, line, column, message }) => ({
      code: 'TERRAFORM_REFUSED',
      message,
      where: { file, line, column },
    })),
  });
}

type Refuse = (at: HclPlace, message: string, remedy: string) => void;
export interface Declared extends HclPlace {
  /** The file it stands in. */
  readonly file: string;
  readonly name: string;
  readonly text: string;
  readonly source: string | undefined;
  readonly version: string | undefined;
}

function topLevel(block: HclBlock, declared: readonly Declared[], options: SafetyOptions, refuse: Refuse): void {
  if (block.type === 'module') {
    refuse(block, 'modules are not supported yet', 'Write the resources themselves.');
  } else if (!TOP_LEVEL.has(block.type)) {
    refuse(block, `a block ${block.type} is not allowed here`, `Allowed are: ${[...TOP_LEVEL].join(', ')}.`);
  }
  if (block.type === 'terraform') terraformBlock(block, declared, options, refuse);
  if (block.type === 'provider') providerBlock(block, declared, options, refuse);
  if (block.type === 'resource' || block.type === 'data') providerOf(block, declared, refuse);
  if (block.type === 'data' && REFUSED_DATA.has(block.labels[0] ?? '')) {
    refuse(block, `data "${block.labels[0]}" carries data in or out by itself`, 'Give the value as a literal.');
  }
}

function terraformBlock(block: HclBlock, declared: readonly Declared[], options: SafetyOptions, refuse: Refuse): void {
  for (const attribute of block.attributes) {
    if (attribute.name !== 'required_version') {
      refuse(attribute, `terraform.${attribute.name} is not allowed`, 'Keep required_version and required_providers.');
    }
  }
  for (const inner of block.blocks) {
    if (inner.type !== 'required_providers') {
      refuse(inner, `terraform.${inner.type} is not allowed: state is kept where the target says`, 'Take it out.');
    }
  }
  for (const one of declared) {
    if (!isWithin(block, one)) continue;
    const allowed = options.providers.find(({ source }) => source === one.source);
    if (allowed?.isOperated && one.name !== allowed.source.split('/')[1]) {
      const type = allowed.source.split('/')[1];
      refuse(one, `provider ${one.name} must be called ${type}`, `Write ${type} = { source = ... }.`);
    }
    if (allowed === undefined) {
      const known = options.providers.map(({ source }) => source).join(', ') || 'none';
      refuse(one, `provider ${one.name} is not one of the target`, `The target allows: ${known}.`);
    } else if (one.version !== allowed.version) {
      refuse(
        one,
        `provider ${one.name} must have exactly version ${allowed.version}`,
        `Write version = "${allowed.version}".`,
      );
    }
  }
}

const isWithin = (block: HclBlock, { line }: HclPlace): boolean =>
  block.blocks.some((inner) => inner.attributes.some((attribute) => attribute.line === line));

function providerBlock(block: HclBlock, declared: readonly Declared[], options: SafetyOptions, refuse: Refuse): void {
  const name = block.labels[0] ?? '';
  const source = declared.find((one) => one.name === name)?.source;
  if (options.providers.some((one) => one.isOperated && one.source === source)) {
    refuse(block, `provider ${name} is set up by the operator`, 'Take the block out; declare the provider alone.');
  }
  if (!declared.some((one) => one.name === name)) notDeclared(block, name, refuse);
  for (const attribute of block.attributes) {
    if (!PROVIDER_SETTINGS.has(attribute.name) || typeof attribute.literal !== 'string') {
      refuse(
        attribute,
        `provider.${attribute.name} is not allowed: credentials and addresses are the operator's`,
        `Allowed, as plain text, are: ${[...PROVIDER_SETTINGS].join(', ')}.`,
      );
    }
  }
  for (const inner of block.blocks) {
    if (inner.type !== 'default_tags') refuse(inner, `provider.${inner.type} is not allowed`, 'Take the block out.');
  }
}

/** A resource belongs to the provider its type begins with, unless it names another. */
function providerOf(block: HclBlock, declared: readonly Declared[], refuse: Refuse): void {
  const meta = block.attributes.find(({ name }) => name === 'provider');
  const name = meta === undefined ? (block.labels[0] ?? '').split('_')[0] : meta.text.split('.')[0];
  if (name === BUILT_IN && block.labels[0] === 'terraform_data') return;
  if (name === BUILT_IN && block.type === 'data') return;
  if (!declared.some((one) => one.name === name)) notDeclared(meta ?? block, name ?? '', refuse);
}

function notDeclared(at: HclPlace, name: string, refuse: Refuse): void {
  refuse(
    at,
    `provider ${name} is not declared with source and version`,
    'Name it in terraform.required_providers, with a source and version that the target allows.',
  );
}

function nested(block: HclBlock, refuse: Refuse): void {
  const names = [block.type, ...(block.type === 'dynamic' ? block.labels : [])];
  for (const name of names) {
    if (name === 'provisioner' || name === 'connection') {
      refuse(block, `${name} runs commands and is never allowed`, 'Describe the result as a resource.');
    }
  }
}

function calls(attribute: HclAttribute, { paths }: SafetyOptions, refuse: Refuse): void {
  for (const call of attribute.calls) {
    if (PURE_FUNCTIONS.has(call.name)) continue;
    if (!FILE_FUNCTIONS.has(call.name)) {
      refuse(call, `the function ${shown(call.name)} is not allowed`, 'Give the value as a literal.');
      continue;
    }
    const [path, ...more] = call.args;
    if (path === null || path === undefined || more.length > 0) {
      refuse(call, `${call.name} needs a plain path`, 'Write the path as plain text, e.g. file("policy.json").');
    } else if (!paths.includes(path.replace(/^\.\//, ''))) {
      refuse(call, `${call.name} names a file that is not one of the module`, 'Add the file to the change.');
    }
  }
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 60));

/** Sources of the providers that files declare. */
export const declaredSources = (files: readonly HclFile[]): string[] =>
  declaredProviders(files).flatMap(({ source }) => (source === undefined ? [] : [source]));

/** What `terraform { required_providers { ... } }` says, in all files. */
export function declaredProviders(files: readonly HclFile[]): Declared[] {
  const found: Declared[] = [];
  for (const file of files) {
    for (const block of file.blocks.filter(({ type }) => type === 'terraform')) {
      for (const inner of block.blocks.filter(({ type }) => type === 'required_providers')) {
        for (const { name, text, line, column } of inner.attributes) {
          found.push({ file: file.path, name, text, line, column, ...sourceAndVersion(text) });
        }
      }
    }
  }
  return found;
}

/**
 * Of `{ source = "hashicorp/aws", version = "6.34.0" }`; anything more in the braces, and neither is known. Terraform takes
 * a name that is there twice without a word, and of its values the last.
 */
function sourceAndVersion(text: string): Pick<Declared, 'source' | 'version'> {
  const inner = /^\{([^{}]*)\}$/.exec(text.trim())?.[1] ?? '';
  const pairs = inner
    .split(/[,\n]/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => /^(source|version)\s*[=:]\s*"([A-Za-z0-9./_-]+)"$/.exec(part));
  const names = pairs.map((pair) => pair?.[1]);
  if (names.includes(undefined) || new Set(names).size < names.length) return { source: undefined, version: undefined };
  const value = (name: string): string | undefined => pairs.find((pair) => pair?.[1] === name)?.[2];
  return { source: value('source'), version: value('version') };
}
