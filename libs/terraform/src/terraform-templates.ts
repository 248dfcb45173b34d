import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type GeneratedFile, PlanwardenError, type TerraformTarget } from '@planwarden/contracts';
import {
  checkParameters,
  fill,
  lookUp,
  overLimit,
  parametersRefused,
  readTemplate,
  type TemplateKind,
  TemplateShelf,
} from '@planwarden/templates';
import { formatHcl } from './format-hcl.js';
import { hclLiteral } from './hcl-literal.js';

const TERRAFORM: TemplateKind<string> = {
  kind: 'terraform',
  shown: 'terraform-templates',
  readFile: (text) => text,
  produces: (text) => [...text.matchAll(/^resource "([a-z0-9_]+)"/gm)].map(([, type = '']) => type),
};
const VERSIONS = 'versions.tf';
const NAME = /^[A-Za-z_][A-Za-z0-9_-]*$/;

/** The Terraform templates of a folder, `<provider>/<name>` each. The same input gives the same bytes. */
export class TerraformTemplates extends TemplateShelf<string> {
  /** @throws PlanwardenError CONFIG_INVALID naming the template that cannot be read */
  static load(folder: string): TerraformTemplates {
    const folders = (at: string): string[] =>
      readdirSync(at, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name)
        .sort();
    return new TerraformTemplates(
      folders(folder).flatMap((provider) =>
        folders(join(folder, provider)).map((name) => readTemplate(join(folder, provider), name, TERRAFORM)),
      ),
    );
  }

  /**
   * Fills a template for a stack, in the canonical format. A template that needs providers also writes versions.tf with
   * every provider of the target, so that all templates of one target write the same.
   * @throws PlanwardenError TEMPLATE_UNKNOWN, INPUT_INVALID naming every bad parameter, NOT_SUPPORTED for a provider that
   *   the target does not allow
   */
  async render(
    name: string,
    parameters: Readonly<Record<string, unknown>>,
    target: TerraformTarget,
  ): Promise<readonly GeneratedFile[]> {
    const template = this.find(name);
    const given = structuredClone(parameters) as Record<string, unknown>;
    checkParameters(template, given);
    const problems = overLimit(template, given);
    if (problems.length > 0) throw parametersRefused(problems);
    for (const source of template.providers) {
      if (!target.terraform.providers.some((allowed) => allowed.source === source)) throw notAllowed(source, target);
    }
    const values = { ...given, target };
    const provenance = { source: 'template' as const, template: name, templateDigest: template.detail.digest };
    const files = await Promise.all(
      template.files.map(async ({ path, body }) => {
        const whole = String(fill(path, values));
        return { path: whole, content: await formatHcl(whole, filled(body, values)), provenance };
      }),
    );
    if (template.providers.length === 0) return files;
    const versions = `${target.path}/${VERSIONS}`;
    return [{ path: versions, content: await formatHcl(versions, versionsOf(target)), provenance }, ...files];
  }
}

/**
 * `"<<name>>"` becomes the value as HCL writes it. Inside a longer text it becomes the escaped text, outside of quotes a
 * plain name.
 */
function filled(body: string, values: Readonly<Record<string, unknown>>): string {
  return body
    .replaceAll(/"<<([A-Za-z0-9_.]+)>>"/g, (_, name: string) => hclLiteral(lookUp(name, values)))
    .replaceAll(/"[^"\n]*<<[^"\n]*"/g, (text) =>
      text.replaceAll(/<<([A-Za-z0-9_.]+)>>/g, (_, name: string) =>
        hclLiteral(String(lookUp(name, values))).slice(1, -1),
      ),
    )
    .replaceAll(/<<([A-Za-z0-9_.]+)>>/g, (_, name: string) => {
      const value = lookUp(name, values);
      if (typeof value === 'string' && NAME.test(value)) return value;
      throw new Error(`the template uses ${name} as a name, which its value is not`);
    });
}

function versionsOf(target: TerraformTarget): string {
  const providers = [...target.terraform.providers]
    .sort((a, b) => (a.source < b.source ? -1 : 1))
    .map(({ source, version }) => `${source.split('/')[1]} = { source = "${source}", version = "${version}" }`);
  return `terraform {\nrequired_providers {\n${providers.join('\n')}\n}\n}\n`;
}

const notAllowed = (source: string, target: TerraformTarget): PlanwardenError =>
  new PlanwardenError('NOT_SUPPORTED', `target ${target.name} does not allow the provider ${source} of this template`, {
    where: { field: 'template.name' },
    remedy: 'Use another target, or have the operator add the provider to it.',
  });
