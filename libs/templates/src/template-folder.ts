import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson, PlanwardenError, sha256, type TemplateDetail } from '@planwarden/contracts';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

/** template.yaml as written. */
interface About {
  readonly title: string;
  readonly description: string;
  readonly version: string;
  /** Parameters that are filled from the target where the request leaves them out. */
  readonly defaults: Readonly<Record<string, string>>;
  /** Pairs of quantities of one unit: the first may not be more than the second. */
  readonly atMost: readonly (readonly [string, string])[];
  /** Providers that the files need. */
  readonly providers: readonly string[];
  readonly files: readonly { readonly source: string; readonly path: string }[];
}

const text = { type: 'string', minLength: 1 } as const;
const isAbout = new Ajv({ useDefaults: true }).compile<About>({
  type: 'object',
  additionalProperties: false,
  required: ['title', 'description', 'version', 'files'],
  properties: {
    title: text,
    description: text,
    version: text,
    defaults: { type: 'object', additionalProperties: text, default: {} },
    atMost: { type: 'array', default: [], items: { type: 'array', items: text, minItems: 2, maxItems: 2 } },
    providers: { type: 'array', default: [], items: text },
    files: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['source', 'path'],
        properties: { source: text, path: text },
      },
    },
  },
});

/** What is different between templates of manifests and of Terraform. */
export interface TemplateKind<T> {
  readonly kind: TemplateDetail['kind'];
  /** Folder that holds the templates, as messages name it. */
  readonly shown: string;
  /** Reads one file below `files/`. @throws Error when it cannot be read */
  readonly readFile: (text: string) => T;
  /** What a file of the template makes, in a word or two. */
  readonly produces: (file: T) => readonly string[];
}

export interface Template<T> {
  readonly detail: TemplateDetail;
  /** Also fills the defaults of the schema. */
  readonly check: ValidateFunction;
  readonly defaults: Readonly<Record<string, string>>;
  readonly atMost: readonly (readonly [string, string])[];
  readonly providers: readonly string[];
  readonly files: readonly { readonly path: string; readonly body: T }[];
}

/**
 * Reads the folder of one template; its digest covers every file of it.
 * @throws PlanwardenError CONFIG_INVALID naming the file that is missing or cannot be read
 */
export function readTemplate<T>(folder: string, name: string, of: TemplateKind<T>): Template<T> {
  const texts: Record<string, string> = {};
  const load = <R>(file: string, read: (written: string) => R): R => {
    try {
      const written = readFileSync(join(folder, name, file), 'utf8');
      texts[file] = written;
      return read(written);
    } catch (cause) {
      throw new PlanwardenError('CONFIG_INVALID', `template ${name}: ${file} is missing or cannot be read`, {
        where: { file: `${of.shown}/${name}/${file}` },
        remedy: 'Restore the file from the repository.',
        cause,
      });
    }
  };
  const about = load('template.yaml', (written) => {
    const found: unknown = parse(written);
    if (isAbout(found)) return found;
    throw new Error(isAbout.errors?.[0]?.message);
  });
  const schema = load('parameters.schema.json', (written) => {
    const parameters = objectOf(JSON.parse(written));
    // `verbose` hands the description of a parameter to its error.
    const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, coerceTypes: false, verbose: true });
    return { parameters, check: ajv.compile(parameters) };
  });
  const example = load('example.json', (written) => objectOf(JSON.parse(written)));
  const files = about.files.map(({ source, path }) => {
    const body = load(`files/${source}`, of.readFile);
    return { path, body };
  });
  const { title, description, version, defaults, atMost, providers } = about;
  const digest = sha256(canonicalJson(texts));
  const produces = files.flatMap((file) => of.produces(file.body));
  return {
    detail: {
      ...{ name, title, description, kind: of.kind, version, digest },
      ...{ parameters: schema.parameters, example, produces },
    },
    check: schema.check,
    defaults,
    atMost,
    providers,
    files,
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error('an object was expected');
}
