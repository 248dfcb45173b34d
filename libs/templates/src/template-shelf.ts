import { PlanwardenError, type TemplateDetail, type TemplateSummary } from '@planwarden/contracts';
import { badParameters, parametersRefused } from './bad-parameters.js';
import type { Template } from './template-folder.js';

/** Templates by their names. */
export class TemplateShelf<T> {
  readonly #templates: ReadonlyMap<string, Template<T>>;

  constructor(templates: readonly Template<T>[]) {
    this.#templates = new Map(templates.map((template) => [template.detail.name, template]));
  }

  list(): TemplateSummary[] {
    return [...this.#templates.values()].map(({ detail }) => {
      const { parameters: _parameters, example: _example, produces: _produces, ...summary } = detail;
      return summary;
    });
  }

  has(name: string): boolean {
    return this.#templates.has(name);
  }

  /** @throws PlanwardenError TEMPLATE_UNKNOWN */
  describe(name: string): TemplateDetail {
    return structuredClone(this.find(name).detail);
  }

  /** @throws PlanwardenError TEMPLATE_UNKNOWN */
  find(name: string): Template<T> {
    const found = this.#templates.get(name);
    if (found) return found;
    throw new PlanwardenError('TEMPLATE_UNKNOWN', 'there is no template with this name', {
      where: { field: 'template.name' },
      remedy: `Name one of: ${[...this.#templates.keys()].join(', ')}.`,
    });
  }
}

/** Also fills the defaults of the schema. @throws PlanwardenError INPUT_INVALID naming every bad parameter */
export function checkParameters(template: Pick<Template<unknown>, 'check'>, parameters: Record<string, unknown>): void {
  if (!template.check(parameters)) throw parametersRefused(badParameters(template.check.errors ?? []));
}
