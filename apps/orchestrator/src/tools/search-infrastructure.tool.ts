import { graphNodeSchema } from '@planwarden/contracts';
import { z } from 'zod';
import { environmentsOf, paged, productTool, READ_ONLY } from './mcp-context.js';

export const searchInfrastructureTool = productTool({
  name: 'search_infrastructure',
  title: 'Search infrastructure',
  description: 'Finds resources that the graph knows, by text, kind or namespace.',
  annotations: READ_ONLY,
  inputSchema: z.object({
    text: z.string().max(200).optional().describe('Part of a name.'),
    kind: z.string().max(100).optional().describe('Kind, e.g. Deployment.'),
    namespace: z.string().max(63).optional().describe('Only in this namespace.'),
    limit: z.number().int().min(1).max(100).default(20).describe('Most resources of one page.'),
    cursor: z.string().max(400).optional().describe('The `next` of the page before.'),
  }),
  outputSchema: z.object({ resources: z.array(graphNodeSchema), next: z.string().nullable() }),
  handler: async ({ text, kind, namespace, limit, cursor }, context) => {
    const found = await context.services.graph.search({
      limit,
      environments: [...environmentsOf(context)],
      ...(text === undefined ? {} : { text }),
      ...(kind === undefined ? {} : { kind }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const resources = [...found.nodes];
    return {
      structured: { resources, next: found.next },
      text: paged(resources.length === 0 ? 'Nothing found.' : resources.map((node) => node.id).join('\n'), found.next),
    };
  },
});
