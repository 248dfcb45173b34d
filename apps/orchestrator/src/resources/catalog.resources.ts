import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlanwardenError } from '@planwarden/contracts';
import type { ResourceTemplateDefinition } from '@planwarden/mcp-server-kit';
import { describeTemplate, listTemplates } from '../requests/templates.js';
import { ROOT_FOLDER } from '../shipped-folders.js';
import type { McpContext } from '../tools/mcp-context.js';

/** Templates and rules as resources. */
export const CATALOG_RESOURCES: readonly ResourceTemplateDefinition<McpContext>[] = [
  {
    name: 'template',
    uriTemplate: 'planwarden://templates/{name}',
    title: 'Template',
    description: 'Parameters of a template as JSON Schema, with defaults, limits and an example.',
    mimeType: 'application/json',
    list: async ({ services }) =>
      listTemplates(services).map(({ name, title }) => ({ uri: `planwarden://templates/${name}`, name: title })),
    read: async ({ name = '' }, { services }) => JSON.stringify(describeTemplate(services, name), null, 2),
  },
  {
    name: 'policy',
    uriTemplate: 'planwarden://policies/{id}',
    title: 'Policy rule',
    description: 'A rule as it is judged: what it is for, how severe, what mends it, and its source.',
    mimeType: 'text/plain',
    list: async ({ services }) =>
      services.guardrails.rules().map(({ id, title }) => ({ uri: `planwarden://policies/${id}`, name: title })),
    read: async ({ id = '' }, { services }) => {
      const rule = services.guardrails.rules().find((one) => one.id === id);
      if (rule === undefined) {
        throw new PlanwardenError('RESOURCE_UNKNOWN', 'there is no rule with this id', {
          where: { field: 'uri' },
          remedy: 'List resources to see the rules there are.',
        });
      }
      // The path comes from the bundle, which is trusted by its digest.
      return readFileSync(join(ROOT_FOLDER, rule.source), 'utf8');
    },
  },
];
