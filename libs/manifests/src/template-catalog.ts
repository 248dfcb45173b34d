import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  canonicalJson,
  type GeneratedFile,
  PlanwardenError,
  sha256,
  type Target,
  type TemplateDetail,
  type TemplateSummary,
} from '@planwarden/contracts';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { parse, stringify } from 'yaml';
import { fill } from './fill.js';
import { namespaceAllowed } from './target-place.js';

interface TemplateFile {
  readonly path: string;
  readonly tree: unknown;
}
interface Template {
  readonly detail: TemplateDetail;
  readonly check: ValidateFunction;
  readonly defaults: Readonly<Record<string, unknown>>;
  readonly files: readonly TemplateFile[];
}

type Json = Record<string, unknown>;
const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});

/** The manifest templates of a folder, one folder each. Rendering is pure: the same input gives the same bytes. */
export class TemplateCatalog {
  private constructor(private readonly templates: ReadonlyMap<string, Template>) {}

  /** @throws PlanwardenError CONFIG_INVALID naming the template that cannot be read */
  static load(folder: string): TemplateCatalog {
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
    return new TemplateCatalog(new Map(names.map((name) => [name, read(folder, name)])));
  }

  list(): TemplateSummary[] {
    return [...this.templates.values()].map(({ detail }) => {
      const { parameters: _parameters, example: _example, produces: _produces, ...summary } = detail;
      return summary;
    });
  }

  /** @throws PlanwardenError TEMPLATE_UNKNOWN */
  describe(name: string): TemplateDetail {
    return structuredClone(this.find(name).detail);
  }

  /**
   * Fills a template for a target.
   * @throws PlanwardenError TEMPLATE_UNKNOWN, INPUT_INVALID naming every bad parameter
   */
  render(name: string, parameters: Readonly<Json>, target: Target): { readonly files: readonly GeneratedFile[] } {
    const template = this.find(name);
    const given = structuredClone(parameters) as Json;
    if (!template.check(given)) throw badParameters(template.check.errors ?? []);
    const known: Json = { ...given, target: { ...target, namespacePrefix: prefixOf(target) } };
    for (const [key, value] of Object.entries(template.defaults)) known[key] ??= fill(value, known);
    const namespace = known.namespace;
    if (typeof namespace === 'string' && !namespaceAllowed(target, namespace)) {
      const allowed = target.argocd.namespaces.join(', ');
      throw invalid([['namespace', `is not a namespace of the target (${allowed})`]]);
    }
    const provenance = { source: 'template' as const, template: name, templateDigest: template.detail.digest };
    return {
      files: template.files.map(({ path, tree }) => ({
        path: String(fill(path, known)),
        content: stringify(fill(tree, known), { lineWidth: 0, aliasDuplicateObjects: false }),
        provenance,
      })),
    };
  }

  private find(name: string): Template {
    const found = this.templates.get(name);
    if (found) return found;
    throw new PlanwardenError('TEMPLATE_UNKNOWN', 'there is no template with this name', {
      where: { field: 'template.name' },
      remedy: `Name one of: ${[...this.templates.keys()].join(', ')}.`,
    });
  }
}

/** What namespaces of the target begin with, where the target names a family of them. */
function prefixOf(target: Target): string {
  const family = target.argocd.namespaces.find((name) => name.endsWith('*'));
  return family === undefined ? '' : family.slice(0, -1);
}

function read(folder: string, name: string): Template {
  const at = (file: string): string => join(folder, name, file);
  const broken = (file: string): PlanwardenError =>
    new PlanwardenError('CONFIG_INVALID', `template ${name}: ${file} is missing or cannot be read`, {
      where: { file: `manifest-templates/${name}/${file}` },
      remedy: 'Restore the file from the repository.',
    });
  const texts: Json = {};
  const load = (file: string): string => {
    if (!existsSync(at(file))) throw broken(file);
    const text = readFileSync(at(file), 'utf8');
    texts[file] = text;
    return text;
  };
  const about = record(parse(load('template.yaml')));
  const parameters = record(JSON.parse(load('parameters.schema.json')));
  const example = record(JSON.parse(load('example.json')));
  if (!Array.isArray(about.files)) throw broken('template.yaml');
  const files = about.files.map((entry: unknown): TemplateFile & { kind: unknown } => {
    const { source, path } = record(entry);
    const tree: unknown = parse(load(`files/${String(source)}`));
    return { path: String(path), tree, kind: record(tree).kind };
  });
  const ajv = new Ajv({ allErrors: true, useDefaults: true, strict: true, coerceTypes: false });
  const summary: TemplateSummary = {
    name,
    title: String(about.title),
    description: String(about.description),
    kind: 'manifests',
    version: String(about.version),
    digest: sha256(canonicalJson(texts)),
  };
  return {
    detail: { ...summary, parameters, example, produces: files.map((file) => String(file.kind)) },
    check: ajv.compile(parameters),
    defaults: record(about.defaults),
    files,
  };
}

function badParameters(errors: readonly ErrorObject[]): PlanwardenError {
  return invalid(
    errors.map((error): [string, string] => {
      const path = error.instancePath.split('/').slice(1);
      const { missingProperty, additionalProperty } = record(error.params);
      const field = [...path, missingProperty ?? additionalProperty].filter((part) => part !== undefined).join('.');
      if (missingProperty !== undefined) return [field, 'is missing'];
      if (additionalProperty !== undefined) return [field, 'is no parameter of this template'];
      return [field, error.message ?? 'is not valid'];
    }),
  );
}

function invalid(problems: readonly [field: string, message: string][]): PlanwardenError {
  const details = problems.map(([field, message]) => ({
    code: 'INPUT_INVALID',
    message: `${field} ${message}`,
    where: { field: field === '' ? 'template.parameters' : `template.parameters.${field}` },
  }));
  const first = details[0];
  return new PlanwardenError('INPUT_INVALID', `parameters: ${first?.message ?? 'not valid'}`, {
    ...(first ? { where: first.where } : {}),
    remedy: 'See describe_template for types, limits and an example.',
    details,
  });
}
