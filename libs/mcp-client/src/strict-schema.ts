import { type Digest, digestOf } from '@planwarden/contracts';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Keywords whose value is one subschema, a list of them, or a map of them. */
const ONE = ['items', 'additionalItems', 'contains', 'not', 'if', 'then', 'else', 'propertyNames'];
const LIST = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const MAP = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];

/** Words for people; they say nothing about which arguments are accepted. `default` is kept: it changes behaviour. */
const ANNOTATIONS = ['$schema', '$id', '$comment', 'title', 'description', 'examples', 'deprecated'];

/**
 * A copy of a schema in which every object that lists properties refuses all others, at every level. Servers drop
 * unknown arguments silently and act without them, so a misspelt safeguard would pass unnoticed.
 */
export function closeSchema(schema: JsonSchema): JsonSchema {
  const closed = mapSubschemas(schema, closeSchema);
  const isObject = schema.type === 'object' || 'properties' in schema;
  if (!isObject) return closed;
  const open = schema.additionalProperties;
  // A map type (additionalProperties is a schema) keeps its meaning; `true` or absent is closed.
  if (typeof open === 'object' && open !== null) return closed;
  return { ...closed, additionalProperties: false };
}

/**
 * Digest of what a schema accepts: words for people, the order of `required` and `enum`, and whether the server calls
 * the object closed are left out (we close it ourselves).
 */
export function schemaDigest(schema: JsonSchema): Digest {
  return digestOf(meaning(schema));
}

function meaning(schema: JsonSchema): JsonSchema {
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(mapSubschemas(schema, meaning))) {
    if (ANNOTATIONS.includes(key)) continue;
    if (key === 'additionalProperties' && typeof value === 'boolean') continue;
    if (key === 'required' && Array.isArray(value)) {
      if (value.length > 0) out[key] = [...value].sort();
    } else if (key === 'properties' && isSchema(value)) {
      if (Object.keys(value).length > 0) out[key] = value;
    } else if (key === 'enum' && Array.isArray(value)) {
      out[key] = [...value].sort();
    } else {
      out[key] = value;
    }
  }
  return out;
}

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function mapSubschemas(schema: JsonSchema, change: (schema: JsonSchema) => JsonSchema): Record<string, unknown> {
  const apply = (value: unknown): unknown => (isSchema(value) ? change(value) : value);
  const out: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(schema)) {
    if (ONE.includes(key) || key === 'additionalProperties') out[key] = apply(value);
    else if (LIST.includes(key) && Array.isArray(value)) out[key] = value.map(apply);
    else if (MAP.includes(key) && isSchema(value)) {
      out[key] = Object.fromEntries(Object.entries(value).map(([name, sub]) => [name, apply(sub)]));
    } else out[key] = value;
  }
  return out;
}

/** One argument that does not fit, in our own words. `field` is dotted, e.g. `files.0.path`. */
export interface ArgumentProblem {
  readonly field: string;
  readonly message: string;
}

export type ArgumentCheck = (args: unknown) => readonly ArgumentProblem[];

/** Compiles a pinned schema, closed at every level, without coercion: `"3"` is not a number. */
export function compileArgumentCheck(schema: JsonSchema): ArgumentCheck {
  const { $schema: _dialect, ...rest } = closeSchema(schema);
  const ajv = new Ajv2020({
    allErrors: true,
    strict: false,
    coerceTypes: false,
    useDefaults: false,
    validateFormats: false,
  });
  const validate: ValidateFunction = ajv.compile(rest);
  return (args) => (validate(args) ? [] : (validate.errors ?? []).map(describe));
}

function describe(error: ErrorObject): ArgumentProblem {
  const path = error.instancePath.split('/').slice(1).map(unescapePointer);
  const params: Record<string, unknown> = error.params;
  const field = (name?: unknown): string => [...path, ...(typeof name === 'string' ? [name] : [])].join('.');
  if (error.keyword === 'additionalProperties') {
    return { field: field(params.additionalProperty), message: 'is no argument of this tool' };
  }
  if (error.keyword === 'required') return { field: field(params.missingProperty), message: 'is missing' };
  if (error.keyword === 'type') return { field: field(), message: `must be of type ${String(params.type)}` };
  if (error.keyword === 'enum') return { field: field(), message: 'is not one of the allowed values' };
  return { field: field(), message: `breaks the rule ${error.keyword}` };
}

const unescapePointer = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');
