import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv, type ValidateFunction } from 'ajv';
import formatsModule from 'ajv-formats';
import { isRecord, type Json } from './http-kit.js';

const require = createRequire(import.meta.url);
const addFormats = formatsModule.default;
// Absolute: a relative reference would be read against the id of the schema it stands in.
const PREFIX = 'https://github.invalid/schemas/';

interface Operation {
  id: string;
  raw: Json;
}

/** OpenAPI 3.0 says `nullable`; JSON Schema says `null` among the types. References become ids of schemas added on demand. */
function convert(node: unknown, references: Set<string>): unknown {
  if (Array.isArray(node)) return node.map((item) => convert(item, references));
  if (!isRecord(node)) return node;
  if (typeof node.$ref === 'string') {
    const name = node.$ref.split('/').at(-1) ?? '';
    references.add(name);
    return { $ref: PREFIX + name };
  }
  const out: Json = {};
  for (const [key, value] of Object.entries(node)) {
    if (['example', 'examples', 'description', 'discriminator', 'nullable', 'deprecated', 'externalDocs'].includes(key))
      continue;
    if (key.startsWith('x-')) continue;
    // `properties` holds names, not keywords: a property may be called `description`.
    if (key === 'properties' && isRecord(value))
      out[key] = Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, convert(inner, references)]));
    else out[key] = key === 'enum' || key === 'default' || key === 'required' ? value : convert(value, references);
  }
  if (node.nullable !== true) return out;
  if (typeof out.type !== 'string') return { anyOf: [out, { type: 'null' }] };
  return { ...out, type: [out.type, 'null'], ...(Array.isArray(out.enum) ? { enum: [...out.enum, null] } : {}) };
}

const describe = (check: ValidateFunction): string =>
  (check.errors ?? [])
    .slice(0, 4)
    .map((error) => `${error.instancePath || '/'} ${error.message ?? 'is wrong'} ${JSON.stringify(error.params)}`)
    .join('; ');

/** Compiling is most of what a start costs, and each validator is asked a few times: no time goes into shorter code. */
const COMPILE = { strict: false, logger: false, code: { optimize: false }, inlineRefs: false } as const;

interface Published {
  readonly spec: Json;
  readonly added: Set<string>;
  readonly bodies: Ajv;
  readonly params: Ajv;
  readonly validators: Map<string, ValidateFunction | undefined>;
  hooks: Ajv | undefined;
}
let shared: Published | undefined;

/** The description is large and compiling it is slow: every sandbox of a process uses the same compiled parts. */
function published(): Published {
  if (shared) return shared;
  const folder = require.resolve('@octokit/openapi/package.json').replace(/package\.json$/, '');
  const spec = JSON.parse(readFileSync(`${folder}generated/api.github.com.json`, 'utf8')) as Json;
  const bodies = new Ajv({ ...COMPILE, allErrors: false });
  const params = new Ajv({ ...COMPILE, coerceTypes: true });
  addFormats(bodies);
  addFormats(params);
  shared = { spec, added: new Set(), bodies, params, validators: new Map(), hooks: undefined };
  return shared;
}

/** Webhook payloads: their schemas are read at the first one. */
function hookSchemas(): Ajv {
  const parts = published();
  if (parts.hooks) return parts.hooks;
  parts.hooks = new Ajv(COMPILE);
  addFormats(parts.hooks);
  parts.hooks.addSchema(require('@octokit/webhooks-schemas/schema.json') as Json, 'hooks');
  return parts.hooks;
}

/** Requests and answers held to GitHub's published OpenAPI, webhook payloads to its published schemas. Validators are compiled at first use. */
export class Contract {
  /** Answers and payloads of ours that broke the contract. Tests hold this at zero. */
  violations = 0;
  private readonly spec: Json;
  private readonly added: Set<string>;
  private readonly bodies: Ajv;
  private readonly params: Ajv;
  private readonly validators: Map<string, ValidateFunction | undefined>;

  constructor() {
    ({
      spec: this.spec,
      added: this.added,
      bodies: this.bodies,
      params: this.params,
      validators: this.validators,
    } = published());
  }

  /** The operation of a route; a route GitHub does not document cannot be served. */
  operation(method: string, path: string): Operation {
    const raw = this.at('paths', path, method.toLowerCase());
    if (!isRecord(raw) || typeof raw.operationId !== 'string') throw new Error(`GitHub documents no ${method} ${path}`);
    return { id: raw.operationId, raw };
  }

  /** What is wrong with the parameters, or undefined. */
  checkParameters(operation: Operation, params: Json, query: Json): string | undefined {
    for (const listed of Array.isArray(operation.raw.parameters) ? operation.raw.parameters : []) {
      const parameter = this.resolved(listed);
      const name = String(parameter.name);
      const value = parameter.in === 'path' ? params[name] : parameter.in === 'query' ? query[name] : undefined;
      if (value === undefined) {
        if (parameter.required === true && parameter.in !== 'header') return `${name} is missing`;
        continue;
      }
      const check = this.compiled(this.params, `${operation.id}:${name}`, parameter.schema);
      if (check && !check(value)) return `${name}: ${describe(check)}`;
    }
    return undefined;
  }

  /** What is wrong with the body, or undefined. Stricter than GitHub: a field it would ignore is refused, so that our clients notice. */
  checkBody(operation: Operation, body: Json | undefined): string | undefined {
    const described = operation.raw.requestBody === undefined ? undefined : this.resolved(operation.raw.requestBody);
    const schema = jsonSchemaOf(described);
    if (schema === undefined) return body && Object.keys(body).length > 0 ? 'this operation takes no body' : undefined;
    if (body === undefined) return described?.required === true ? 'a JSON body is missing' : undefined;
    const known = isRecord(schema) && isRecord(schema.properties) ? Object.keys(schema.properties) : undefined;
    const open =
      !isRecord(schema) ||
      schema.additionalProperties !== undefined ||
      schema.oneOf !== undefined ||
      schema.anyOf !== undefined;
    const foreign = open || !known ? undefined : Object.keys(body).find((key) => !known.includes(key));
    if (foreign !== undefined) return `unknown field: ${JSON.stringify(foreign.slice(0, 60))}`;
    const check = this.compiled(this.bodies, `${operation.id}:body`, schema);
    return check && !check(body) ? describe(check) : undefined;
  }

  /** What is wrong with an answer of ours, or undefined. Refusals that an operation does not list must be GitHub's plain error. */
  checkAnswer(operation: Operation, status: number, body: unknown): string | undefined {
    const responses = isRecord(operation.raw.responses) ? operation.raw.responses : {};
    const listed = responses[String(status)];
    if (listed === undefined && status < 400) return this.broken(`status ${status} is not documented`);
    const schema =
      listed === undefined ? { $ref: '#/components/schemas/basic-error' } : jsonSchemaOf(this.resolved(listed));
    if (schema === undefined)
      return body === undefined || status >= 400 ? undefined : this.broken('no body is documented');
    const check = this.compiled(this.bodies, `${operation.id}:${status}`, status < 400 ? schema : overlapping(schema));
    return check && !check(body) ? this.broken(describe(check)) : undefined;
  }

  /** What is wrong with a webhook payload, or undefined. `schema` is a definition such as `pull_request$opened`. */
  checkPayload(schema: string, payload: unknown): string | undefined {
    const check = hookSchemas().getSchema(`hooks#/definitions/${schema.replace('$', '%24')}`);
    if (!check) return this.broken(`no such payload: ${schema}`);
    return check(payload) ? undefined : this.broken(describe(check));
  }

  private broken(reason: string): string {
    this.violations += 1;
    return reason;
  }
  private at(...path: string[]): unknown {
    return path.reduce<unknown>((node, key) => (isRecord(node) ? node[key] : undefined), this.spec);
  }
  private resolved(node: unknown): Json {
    if (!isRecord(node)) return {};
    if (typeof node.$ref !== 'string') return node;
    return this.resolved(this.at(...node.$ref.slice(2).split('/')));
  }
  private compiled(ajv: Ajv, key: string, schema: unknown): ValidateFunction | undefined {
    if (this.validators.has(key)) return this.validators.get(key);
    const references = new Set<string>();
    const converted = convert(schema ?? {}, references);
    this.addReferences(references);
    const check = isRecord(converted) ? ajv.compile(converted) : undefined;
    this.validators.set(key, check);
    return check;
  }
  private addReferences(names: Set<string>): void {
    for (const name of names) {
      if (this.added.has(name)) continue;
      this.added.add(name);
      const inner = new Set<string>();
      const converted = convert(this.at('components', 'schemas', name), inner);
      if (isRecord(converted)) for (const ajv of [this.bodies, this.params]) ajv.addSchema(converted, PREFIX + name);
      this.addReferences(inner);
    }
  }
}

/** GitHub's error schemas overlap: what fits one of them fits another, so "exactly one" can never hold. */
function overlapping(schema: unknown): unknown {
  if (!isRecord(schema) || schema.oneOf === undefined) return schema;
  const { oneOf, ...rest } = schema;
  return { ...rest, anyOf: oneOf };
}

function jsonSchemaOf(described: Json | undefined): unknown {
  const content = described && isRecord(described.content) ? described.content : {};
  const media = content['application/json'];
  return isRecord(media) ? media.schema : undefined;
}
