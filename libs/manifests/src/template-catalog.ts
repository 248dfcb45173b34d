import { readdirSync } from 'node:fs';
import type { GeneratedFile, ManifestTarget } from '@planwarden/contracts';
import {
  type BadParameter,
  checkParameters,
  fill,
  overLimit,
  parametersRefused,
  readTemplate,
  type TemplateKind,
  TemplateShelf,
} from '@planwarden/templates';
import { Document, parse, Scalar, visit } from 'yaml';
import { needsQuotes } from './odd-yaml.js';
import { namespaceAllowed } from './target-place.js';

type Json = Record<string, unknown>;

const MANIFESTS: TemplateKind<Json> = {
  kind: 'manifests',
  shown: 'manifest-templates',
  readFile: (text) => {
    const tree: unknown = parse(text);
    if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return tree as Json;
    throw new Error('an object was expected');
  },
  produces: (tree) => [String(tree.kind)],
};

/** The manifest templates of a folder, one folder each. Rendering is pure: the same input gives the same bytes. */
export class TemplateCatalog extends TemplateShelf<Json> {
  /** @throws PlanwardenError CONFIG_INVALID naming the template that cannot be read */
  static load(folder: string): TemplateCatalog {
    const names = readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
    return new TemplateCatalog(names.map((name) => readTemplate(folder, name, MANIFESTS)));
  }

  /**
   * Fills a template for a target.
   * @throws PlanwardenError TEMPLATE_UNKNOWN, INPUT_INVALID naming every bad parameter
   */
  render(
    name: string,
    parameters: Readonly<Json>,
    target: ManifestTarget,
  ): { readonly files: readonly GeneratedFile[] } {
    const template = this.find(name);
    const place = { ...target, namespacePrefix: prefixOf(target) };
    const given = structuredClone(parameters) as Json;
    checkParameters(template, given);
    for (const [key, value] of Object.entries(template.defaults)) {
      given[key] ??= fill(value, { ...given, target: place });
    }
    // Once more: what was filled in from the target must be a good parameter too.
    checkParameters(template, given);
    const values = { ...given, target: place };
    const problems = [...outsideTarget(given, target), ...overLimit(template, given)];
    const files = template.files.map(({ path, body }) => ({
      path: String(fill(path, values)),
      kind: String(body.kind),
      tree: body,
    }));
    for (const { path, kind } of files) {
      // What lies there is applied by the root application, which is for Applications only.
      if (kind === 'Application' || !path.startsWith(`${target.argocd.rootPath}/`)) continue;
      problems.push(['name', 'is the folder of the root application']);
      break;
    }
    if (problems.length > 0) throw parametersRefused(problems);
    const provenance = { source: 'template' as const, template: name, templateDigest: template.detail.digest };
    return { files: files.map(({ path, tree }) => ({ path, content: yamlOf(fill(tree, values)), provenance })) };
  }
}

function outsideTarget({ name, namespace }: Readonly<Json>, target: ManifestTarget): BadParameter[] {
  const problems: BadParameter[] = [];
  if (typeof namespace === 'string' && !namespaceAllowed(target, namespace)) {
    problems.push(['namespace', `is not a namespace of the target (${target.argocd.namespaces.join(', ')})`]);
  }
  if (name === target.argocd.rootApplication) problems.push(['name', 'is the name of the root application']);
  return problems;
}

/** Quotes every text that YAML 1.1 would read as something else: Kubernetes tools read 1.1, where `no` is false. */
function yamlOf(tree: unknown): string {
  const document = new Document(tree, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(document, {
    Scalar: (_key, scalar) => {
      if (typeof scalar.value === 'string' && needsQuotes(scalar.value)) scalar.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return document.toString({ lineWidth: 0 });
}

/** What namespaces of the target begin with, where the target names a family of them. */
function prefixOf(target: ManifestTarget): string {
  const family = target.argocd.namespaces.find((name) => name.endsWith('*'));
  return family === undefined ? '' : family.slice(0, -1);
}
