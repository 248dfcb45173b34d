import type { TemplateDetail, TemplateSummary } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';

type Shelves = Pick<ChangeServices, 'catalog' | 'terraformTemplates'>;

/** Templates of both kinds; which kind a target takes, its own kind says. */
export const listTemplates = ({ catalog, terraformTemplates }: Shelves): TemplateSummary[] => [
  ...catalog.list(),
  ...terraformTemplates.list(),
];

/** @throws PlanwardenError TEMPLATE_UNKNOWN naming those there are */
export function describeTemplate({ catalog, terraformTemplates }: Shelves, name: string): TemplateDetail {
  return terraformTemplates.has(name) ? terraformTemplates.describe(name) : catalog.describe(name);
}
