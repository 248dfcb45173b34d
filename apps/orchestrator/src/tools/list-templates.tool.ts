import { templateSummarySchema } from '@planwarden/contracts';
import { z } from 'zod';
import { listTemplates } from '../requests/templates.js';
import { productTool, READ_ONLY } from './mcp-context.js';

export const listTemplatesTool = productTool({
  name: 'list_templates',
  title: 'List templates',
  description:
    'Lists the templates that propose_change can render, each for targets of its kind. Start here when you want something common.',
  annotations: READ_ONLY,
  inputSchema: z.object({}),
  outputSchema: z.object({ templates: z.array(templateSummarySchema) }),
  handler: async (_args, { services }) => {
    const templates = listTemplates(services);
    return {
      structured: { templates },
      text: templates
        .map(({ name, kind, title, description }) => `${name} (${kind}): ${title}. ${description}`)
        .join('\n'),
    };
  },
});
