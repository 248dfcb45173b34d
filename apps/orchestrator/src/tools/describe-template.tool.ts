import { templateDetailSchema } from '@planwarden/contracts';
import { z } from 'zod';
import { describeTemplate } from '../requests/templates.js';
import { productTool, READ_ONLY } from './mcp-context.js';

export const describeTemplateTool = productTool({
  name: 'describe_template',
  title: 'Describe a template',
  description: 'The JSON Schema of a template’s parameters with defaults, limits and help, and a working example.',
  annotations: READ_ONLY,
  inputSchema: z.object({ name: z.string().min(1).max(100).describe('Name of a template.') }),
  outputSchema: templateDetailSchema,
  handler: async ({ name }, { services }) => {
    const template = describeTemplate(services, name);
    return {
      structured: template,
      text: `${template.name}: ${template.title}\nParameters: ${JSON.stringify(template.parameters)}\nExample: ${JSON.stringify(template.example)}`,
    };
  },
});
