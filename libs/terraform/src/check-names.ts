import { PlanwardenError } from '@planwarden/contracts';
import type { HclBlock, HclFile, HclPlace } from './hcl-file.js';
import { nearestName } from './nearest-name.js';
import { type BlockSchema, type BodySchema, metaSchema, providerSchema, type TypeMode } from './type-schema.js';

/** A name that the provider does not know, or that is missing. */
export interface NameProblem extends HclPlace {
  readonly file: string;
  readonly message: string;
  /** The name that was most likely meant. */
  readonly didYouMean: string | null;
  /** What to do, in one sentence. */
  readonly remedy: string;
}

const MODES: Readonly<Record<string, TypeMode>> = { resource: 'resources', data: 'data' };
const WORDS: Readonly<Record<TypeMode, string>> = { resources: 'resource type', data: 'data source' };
/** Blocks that any type takes as far as names go: some types have no timeouts, and the other two are refused elsewhere. */
const NOT_JUDGED: ReadonlySet<string> = new Set(['timeouts', 'provisioner', 'connection']);

/**
 * Types, arguments and blocks that the shipped schemas do not know, are given in the wrong form, or are missing.
 * Values are not looked at. What is inside the object of an attribute is not either.
 * @returns every problem, in the order of the files and places; empty when all names are right, or not judged
 * @throws PlanwardenError CONFIG_INVALID when a shipped schema cannot be read
 */
export function checkNames(files: readonly HclFile[]): NameProblem[] {
  return files.flatMap((file) => {
    const found: NameProblem[] = [];
    for (const block of file.blocks) {
      checkType(block, (at, message, { didYouMean = null, remedy }) =>
        found.push({
          ...{ file: file.path, line: at.line, column: at.column, message, didYouMean },
          remedy: didYouMean === null ? remedy : `Did you mean ${didYouMean}?`,
        }),
      );
    }
    return found.sort((a, b) => a.line - b.line || a.column - b.column);
  });
}

/**
 * Types whose arguments are not judged, because no schema of them is shipped.
 * @returns each once, sorted, data sources as `data.<type>`
 */
export function uncheckedTypes(files: readonly HclFile[]): string[] {
  const found = new Set<string>();
  for (const { type: word, labels } of files.flatMap(({ blocks }) => blocks)) {
    const mode = MODES[word];
    const type = labels[0] ?? '';
    if (mode === undefined) continue;
    const schema = providerSchema(type);
    if (schema === undefined || schema.others[mode].has(type)) found.add(mode === 'data' ? `data.${type}` : type);
  }
  return [...found].sort();
}

/** @throws PlanwardenError TERRAFORM_INVALID at the first problem, with all of them as details */
export function assertNames(files: readonly HclFile[]): void {
  const problems = checkNames(files);
  const [first] = problems;
  if (first === undefined) return;
  throw new PlanwardenError('TERRAFORM_INVALID', `${first.file}:${first.line}:${first.column}: ${first.message}`, {
    where: { file: first.file, line: first.line, column: first.column },
    remedy: first.remedy,
    details: problems.map(({ file, line, column, message, remedy }) => ({
      code: 'TERRAFORM_INVALID',
      message: `${message}. ${remedy}`,
      where: { file, line, column },
    })),
  });
}

type Tell = (
  at: HclPlace,
  message: string,
  help: { readonly didYouMean?: string | null; readonly remedy: string },
) => void;

function checkType(block: HclBlock, tell: Tell): void {
  const mode = MODES[block.type];
  const type = block.labels[0] ?? '';
  const schema = mode === undefined ? undefined : providerSchema(type);
  if (mode === undefined || schema === undefined || schema.others[mode].has(type)) return;
  const own = schema.types[mode].get(type);
  if (own === undefined) {
    const other = mode === 'data' ? 'resources' : 'data';
    const isOther = schema.types[other].has(type) || schema.others[other].has(type);
    tell(block, `${schema.name} has no ${WORDS[mode]} ${shown(type)}`, {
      didYouMean: isOther ? null : nearestName(type, [...schema.types[mode].keys(), ...schema.others[mode]]),
      remedy: isOther ? `It is a ${WORDS[other]}.` : 'Use a type of the provider.',
    });
    return;
  }
  const meta = metaSchema();
  const whole: BodySchema = {
    attributes: new Map([...meta.attributes, ...own.attributes]),
    blocks: new Map([...meta.blocks, ...own.blocks]),
  };
  checkBody(block, { at: block, path: type, schema: whole, ignored: NOT_JUDGED, tell });
}

interface Where {
  /** Where a missing name is told. */
  readonly at: HclPlace;
  /** As messages name the body, e.g. `aws_eks_cluster.vpc_config`. */
  readonly path: string;
  readonly schema: BodySchema;
  readonly ignored: ReadonlySet<string>;
  readonly tell: Tell;
}

/** A block as it stands there, or as `dynamic` makes it. */
interface Given {
  readonly at: HclBlock;
  readonly name: string;
  readonly body: HclBlock | undefined;
  readonly isDynamic: boolean;
}

function givenOf(block: HclBlock): Given {
  if (block.type !== 'dynamic') return { at: block, name: block.type, body: block, isDynamic: false };
  const body = block.blocks.find(({ type }) => type === 'content');
  return { at: block, name: block.labels[0] ?? '', body, isDynamic: true };
}

function checkBody(body: HclBlock, where: Where): void {
  const { path, schema, ignored, tell } = where;
  const given = body.blocks.map(givenOf);
  const settable = [
    ...[...schema.attributes].filter(([, { use }]) => use !== 'computed').map(([name]) => name),
    ...schema.blocks.keys(),
  ];
  /** Names that are there, or are there misspelt: only what is in neither way is missing. */
  const present = new Set<string>();
  const unknown = (at: HclPlace, what: string, name: string): void => {
    const didYouMean = nearestName(name, settable);
    if (didYouMean !== null) present.add(didYouMean);
    tell(at, `${path} has no ${what} ${shown(name)}`, { didYouMean, remedy: 'Take it out.' });
  };

  for (const attribute of body.attributes) {
    const { name } = attribute;
    present.add(name);
    const use = schema.attributes.get(name)?.use;
    if (use === 'computed') {
      tell(attribute, `${path}.${name} is computed and cannot be set`, { remedy: 'Take it out.' });
    } else if (use === undefined && schema.blocks.has(name)) {
      tell(attribute, `${path}.${name} is a block, not an argument`, { remedy: `Write ${name} { ... } without "=".` });
    } else if (use === undefined) unknown(attribute, 'argument', name);
  }
  for (const one of given) {
    present.add(one.name);
    const attribute = schema.attributes.get(one.name);
    const inner = schema.blocks.get(one.name) ?? asBlock(attribute?.fields);
    if (inner !== undefined && attribute?.use !== 'computed') {
      if (one.body)
        checkBody(one.body, { ...where, at: one.at, path: `${path}.${one.name}`, schema: inner, ignored: NONE });
    } else if (attribute?.use === 'computed') {
      tell(one.at, `${path}.${one.name} is computed and cannot be set`, { remedy: 'Take it out.' });
    } else if (attribute !== undefined) {
      tell(one.at, `${path}.${one.name} is an argument, not a block`, { remedy: `Write ${one.name} = ...` });
    } else if (!ignored.has(one.name)) unknown(one.at, 'block', one.name);
  }
  checkCounts(given, present, where);
}

const NONE: ReadonlySet<string> = new Set();

const asBlock = (fields: BodySchema['attributes'] | undefined): BodySchema | undefined =>
  fields && { attributes: fields, blocks: new Map<string, BlockSchema>() };

function checkCounts(given: readonly Given[], present: ReadonlySet<string>, { at, path, schema, tell }: Where): void {
  for (const [name, { use }] of schema.attributes) {
    if (use === 'required' && !present.has(name)) {
      tell(at, `${path} lacks the argument ${name}`, { remedy: `Give ${name}.` });
    }
  }
  for (const [name, { kind, min = 0, max = kind === 'single' ? 1 : Number.POSITIVE_INFINITY }] of schema.blocks) {
    if (min > 0 && !present.has(name)) tell(at, `${path} lacks the block ${name}`, { remedy: `Give ${name} { ... }.` });
    // How many blocks `dynamic` makes is not known before the plan.
    const extra = given.filter((one) => one.name === name && !one.isDynamic)[max];
    if (extra) tell(extra.at, `${path} takes at most ${max} block ${name}`, { remedy: 'Join them into one.' });
  }
}

/** A name of the file inside a message: only what a name can be made of, and not endless. */
const shown = (name: string): string => `"${name.slice(0, 60).replaceAll(/[^\w-]/g, '?')}"`;
