import { type Document, isAlias, isCollection, isMap, isScalar, type Pair, type Scalar, Schema, visit } from 'yaml';

export interface Oddity {
  /** Offset in the file's text. */
  readonly offset: number;
  readonly message: string;
}

interface PlainTag {
  readonly test: RegExp;
  resolve(source: string, onError: () => void, options: object): unknown;
}

/**
 * How YAML 1.1 reads a text without quotes. Argo CD and kubectl read 1.1 and we read 1.2; times are left out, because
 * their reader leaves them as text.
 */
const OLDER_TAGS = new Schema({ schema: 'yaml-1.1' }).tags.filter(
  (tag) => 'test' in tag && tag.default === true && tag.format !== 'TIME' && !tag.tag.endsWith(':timestamp'),
) as unknown as readonly PlainTag[];

/** Forms of a number that some readers know and ours leaves as text. */
const OTHER_NUMBER = /^[-+]?0[box][0-9a-f_]+$/i;
/** A number for who takes every underscore out first, also one of the exponent. */
const LOOSE_NUMBER = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?$/i;

/** Whether a text needs quotes that a writer of YAML 1.1 and 1.2 does not give it: what we write, our reader must take. */
export const needsQuotes = (text: string): boolean =>
  OTHER_NUMBER.test(text) || (text.includes('_') && LOOSE_NUMBER.test(text.replaceAll('_', '')));

/**
 * The first thing in a document that YAML allows and different tools read differently. What we judged must be what the
 * cluster gets, so none of it is let through: anchors, aliases, tags, merge keys, doubled keys, directives, keys that are
 * no text, and bare words or numbers of two readings.
 * @param text of the whole file
 */
export function oddNode(document: Document, text: string): Oddity | undefined {
  if (document.directives?.yaml.explicit === true) return { offset: offsetOf(document.contents), message: DIRECTIVE };
  let found: Oddity | undefined;
  visit(document, {
    Node: (_key, node, path) => {
      const message =
        oddMessage(node) ??
        (isScalar(node) ? oddAsWritten(node, text, path) : undefined) ??
        (path.filter(isCollection).length > MOST_LEVELS ? TOO_DEEP : undefined);
      if (message !== undefined) found = { offset: offsetOf(node), message };
      else if (isMap(node)) found = oddKey(node.items);
      return found ? visit.BREAK : undefined;
    },
  });
  return found;
}

/** More than any object has; what is deeper would be hidden from a reader of the plan. */
const MOST_LEVELS = 100;
const TOO_DEEP = `this is nested deeper than ${MOST_LEVELS} levels`;
const DIRECTIVE = 'directives are refused';
const TWO_READINGS = 'this is read differently by different tools: put quotes around it or write it plainly';

function oddMessage(node: unknown): string | undefined {
  if (isAlias(node)) return 'anchors and aliases are refused';
  if (!isCollection(node) && !isScalar(node)) return undefined;
  if (node.anchor !== undefined) return 'anchors and aliases are refused';
  if (node.tag !== undefined) return 'tags are refused';
  return isScalar(node) && hasTwoReadings(node) ? TWO_READINGS : undefined;
}

const isFlow = (node: unknown): boolean => isCollection(node) && node.flow === true;

const COLON_AT_BRACKET = /\s*:[,[\]{}]/y;
/** A line that goes on behind a backslash: YAML 1.1 and 1.2 fold what follows differently. */
const BROKEN_BY_BACKSLASH = /(?<!\\)(?:\\\\)*\\\r?\n/;

/**
 * Between brackets YAML 1.1 takes `?` for the beginning of a key and 1.2 for a letter, and they differ about which `:`
 * ends one: `{?privileged: true}` is another key to each.
 */
function oddAsWritten(
  { type, source = '', range }: Scalar,
  text: string,
  path: readonly unknown[],
): string | undefined {
  if (type === 'QUOTE_DOUBLE') {
    return BROKEN_BY_BACKSLASH.test(text.slice(range?.[0], range?.[1])) ? TWO_READINGS : undefined;
  }
  if (type !== 'PLAIN' || !path.some(isFlow)) return undefined;
  COLON_AT_BRACKET.lastIndex = range?.[1] ?? 0;
  return /^[?:]|:$/.test(source) || COLON_AT_BRACKET.test(text) ? TWO_READINGS : undefined;
}

/** Looked for here and not by the parser, which compares every key with every other: 20,000 keys cost it seconds. */
function oddKey(pairs: readonly Pair[]): Oddity | undefined {
  const seen = new Set<string>();
  for (const { key } of pairs) {
    const odd = (message: string): Oddity => ({ offset: offsetOf(key), message });
    if (!isScalar(key) || typeof key.value !== 'string') return odd('keys must be text');
    if (key.value === '<<') return odd('merge keys are refused');
    if (key.value === '__proto__') return odd('this key is refused');
    if (seen.has(key.value)) return odd('a key is there twice');
    seen.add(key.value);
  }
  return undefined;
}

function hasTwoReadings({ type, source, value }: Scalar): boolean {
  if (type !== 'PLAIN' || source === undefined) return false;
  // A number without end has no form in JSON, in which both we and the cluster go on.
  if (typeof value === 'number' && !Number.isFinite(value)) return true;
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return true;
  const tag = OLDER_TAGS.find(({ test }) => test.test(source));
  if (tag === undefined) return typeof value === 'string' && needsQuotes(source);
  const resolved = tag.resolve(source, () => undefined, {});
  return !Object.is(isScalar(resolved) ? resolved.value : resolved, value);
}

function offsetOf(node: unknown): number {
  return (node as { range?: readonly number[] | null } | null)?.range?.[0] ?? 0;
}
