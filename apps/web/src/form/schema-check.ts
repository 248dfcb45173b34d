/** One value that breaks its schema. `path` leads from the root of the data. */
export interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

type Schema = Readonly<Record<string, unknown>>;

/**
 * Checks data against the part of JSON Schema that forms are made of, by walking it: a validator that compiles
 * schemas to code (ajv) cannot run under the content security policy of these pages. What it does not know it lets
 * pass: the server judges again.
 */
export function checkAgainstSchema(schema: unknown, data: unknown, root: unknown = schema): Problem[] {
  return check(asSchema(schema), data, [], asSchema(root), 0);
}

const DEEPEST = 32;

function check(given: Schema, data: unknown, path: readonly string[], root: Schema, depth: number): Problem[] {
  if (depth > DEEPEST) return [];
  const schema = resolved(given, root);
  const problem = (message: string): Problem[] => [{ path, message }];
  const type = schema.type;
  if (typeof type === 'string' || Array.isArray(type)) {
    const types = (Array.isArray(type) ? type : [type]).map(String);
    if (!types.some((name) => hasType(data, name))) return problem(`must be ${types.map(typeWords).join(' or ')}`);
  }
  if (Array.isArray(schema.enum) && !schema.enum.some((one) => same(one, data))) {
    return problem(`must be one of: ${schema.enum.map((one) => String(one)).join(', ')}`);
  }
  if ('const' in schema && !same(schema.const, data)) return problem(`must be ${String(schema.const)}`);
  return [
    ...(typeof data === 'string' ? textProblems(schema, data).flatMap(problem) : []),
    ...(typeof data === 'number' ? numberProblems(schema, data).flatMap(problem) : []),
    ...(Array.isArray(data) ? listProblems(schema, data, path, root, depth) : []),
    ...(isRecord(data) ? objectProblems(schema, data, path, root, depth) : []),
    ...combined(schema, data, path, root, depth),
  ];
}

function textProblems(schema: Schema, text: string): string[] {
  const { minLength, maxLength, pattern, description } = schema;
  const length = [...text].length;
  if (typeof minLength === 'number' && length < minLength) {
    return [minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`];
  }
  if (typeof maxLength === 'number' && length > maxLength) return [`must have at most ${maxLength} characters`];
  const rule = typeof pattern === 'string' ? regexOf(pattern) : null;
  if (rule === null || rule.test(text)) return [];
  // The description stands above the field; a pattern tells most people nothing.
  return [typeof description === 'string' ? 'is not of the form described above' : `must match ${String(pattern)}`];
}

function numberProblems(schema: Schema, value: number): string[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === 'number' && value < minimum) return [`must be at least ${minimum}`];
  if (typeof maximum === 'number' && value > maximum) return [`must be at most ${maximum}`];
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) return [`must be over ${exclusiveMinimum}`];
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) return [`must be under ${exclusiveMaximum}`];
  if (typeof multipleOf === 'number' && !Number.isInteger(value / multipleOf)) {
    return [`must be a multiple of ${multipleOf}`];
  }
  return [];
}

function listProblems(
  schema: Schema,
  list: unknown[],
  path: readonly string[],
  root: Schema,
  depth: number,
): Problem[] {
  const { minItems, maxItems, uniqueItems, items } = schema;
  const problems: Problem[] = [];
  if (typeof minItems === 'number' && list.length < minItems) {
    problems.push({ path, message: `must have at least ${minItems} entries` });
  }
  if (typeof maxItems === 'number' && list.length > maxItems) {
    problems.push({ path, message: `must have at most ${maxItems} entries` });
  }
  if (uniqueItems === true && new Set(list.map((one) => JSON.stringify(one))).size < list.length) {
    problems.push({ path, message: 'must not name an entry twice' });
  }
  if (!isRecord(items)) return problems;
  return [...problems, ...list.flatMap((one, i) => check(items, one, [...path, String(i)], root, depth + 1))];
}

function objectProblems(
  schema: Schema,
  data: Readonly<Record<string, unknown>>,
  path: readonly string[],
  root: Schema,
  depth: number,
): Problem[] {
  const properties = asSchema(schema.properties);
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  const missing = required
    .filter((name) => data[name] === undefined)
    .map((name): Problem => ({ path: [...path, name], message: 'is required' }));
  const inner = Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => {
      const here = [...path, name];
      if (name in properties) return check(asSchema(properties[name]), value, here, root, depth + 1);
      const extra = schema.additionalProperties;
      if (extra === false) return [{ path: here, message: 'is not a known field' }];
      return isRecord(extra) ? check(extra, value, here, root, depth + 1) : [];
    });
  return [...missing, ...inner];
}

function combined(schema: Schema, data: unknown, path: readonly string[], root: Schema, depth: number): Problem[] {
  const branches = (name: string): Schema[] => (Array.isArray(schema[name]) ? schema[name].map(asSchema) : []);
  const fits = (branch: Schema): boolean => check(branch, data, path, root, depth + 1).length === 0;
  const problems = branches('allOf').flatMap((branch) => check(branch, data, path, root, depth + 1));
  const any = branches('anyOf');
  if (any.length > 0 && !any.some(fits)) problems.push({ path, message: 'fits none of the forms allowed here' });
  const one = branches('oneOf');
  if (one.length > 0 && one.filter(fits).length !== 1) {
    problems.push({ path, message: 'must fit exactly one of the forms allowed here' });
  }
  if (isRecord(schema.not) && fits(schema.not)) problems.push({ path, message: 'has a value that is not allowed' });
  if (isRecord(schema.if)) {
    const then = asSchema(fits(schema.if) ? schema.then : schema.else);
    problems.push(...check(then, data, path, root, depth + 1));
  }
  return problems;
}

function resolved(schema: Schema, root: Schema): Schema {
  let at = schema;
  for (let hops = 0; typeof at.$ref === 'string' && hops < DEEPEST; hops += 1) {
    const found = at.$ref
      .replace(/^#\/?/, '')
      .split('/')
      .filter((part) => part !== '')
      .reduce<unknown>((from, part) => asSchema(from)[part.replaceAll('~1', '/').replaceAll('~0', '~')], root);
    at = asSchema(found);
  }
  return at;
}

function hasType(data: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return data === null;
    case 'array':
      return Array.isArray(data);
    case 'object':
      return isRecord(data);
    case 'integer':
      return Number.isInteger(data);
    case 'number':
      return typeof data === 'number' && Number.isFinite(data);
    default:
      return typeof data === type;
  }
}

function typeWords(type: string): string {
  const words: Record<string, string> = {
    string: 'text',
    integer: 'a whole number',
    boolean: 'yes or no',
    array: 'a list',
  };
  return words[type] ?? (type === 'null' ? 'empty' : `a${type === 'object' ? 'n' : ''} ${type}`);
}

function regexOf(pattern: string): RegExp | null {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    return null;
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const asSchema = (value: unknown): Schema => (isRecord(value) ? value : {});
