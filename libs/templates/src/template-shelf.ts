import { PlanwardenError, type TemplateDetail, type TemplateSummary } from '@planwarden/contracts';
import { type BadParameter, badParameters, parametersRefused } from './bad-parameters.js';
import { lookUp } from './fill.js';
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

/** Pairs of a template's `atMost` of which the first is more than the second, by their leading numbers. */
export function overLimit(
  template: Pick<Template<unknown>, 'atMost'>,
  parameters: Readonly<Record<string, unknown>>,
): BadParameter[] {
  return template.atMost.flatMap(([lower, upper]): BadParameter[] => {
    const [low, high] = [lower, upper].map((path) => String(lookUp(path, parameters)));
    if (Number.parseInt(low ?? '', 10) <= Number.parseInt(high ?? '', 10)) return [];
    return [[lower, `is ${low}, more than ${upper} with ${high}`]];
  });
}
