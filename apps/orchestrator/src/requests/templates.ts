import { PlanwardenError, type TemplateDetail, type TemplateSummary } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';

type Shelves = Pick<ChangeServices, 'catalog' | 'terraformTemplates'>;

/** Templates of both kinds; which kind a target takes, its own kind says. */
export const listTemplates = ({ catalog, terraformTemplates }: Shelves): TemplateSummary[] => [
  ...catalog.list(),
  ...terraformTemplates.list(),
];

/** @throws PlanwardenError TEMPLATE_UNKNOWN naming those there are */
export function describeTemplate(shelves: Shelves, name: string): TemplateDetail {
  const { catalog, terraformTemplates } = shelves;
  const shelf = [catalog, terraformTemplates].find((one) => one.has(name));
  if (shelf !== undefined) return shelf.describe(name);
  throw new PlanwardenError('TEMPLATE_UNKNOWN', 'there is no template with this name', {
    where: { field: 'name' },
    remedy: `Name one of: ${listTemplates(shelves)
      .map((one) => one.name)
      .join(', ')}.`,
  });
}
