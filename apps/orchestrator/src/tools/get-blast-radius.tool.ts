import { blastRadiusSchema } from '@planwarden/contracts';
import { z } from 'zod';
import { resourceIdSchema } from './get-resource.tool.js';
import { environmentsOf, productTool, READ_ONLY } from './mcp-context.js';

export const getBlastRadiusTool = productTool({
  name: 'get_blast_radius',
  title: 'Get the blast radius',
  description:
    'What depends on a resource, each hit with the path that explains it. Tells "not tracked" from "nothing depends on it".',
  annotations: READ_ONLY,
  inputSchema: z.object({
    id: resourceIdSchema,
    depth: z.number().int().min(1).max(10).default(5).describe('Most relations between the resource and a hit.'),
  }),
  outputSchema: blastRadiusSchema,
  handler: async ({ id, depth }, context) => {
    const found = await context.services.graph.blastRadius(id, { maxDepth: depth, limit: 200 });
    const seen = environmentsOf(context);
    const hits = found.hits.filter(({ node }) => node.environment !== null && seen.has(node.environment));
    return {
      structured: { ...found, hits },
      text:
        found.status === 'not_tracked'
          ? 'The graph does not track this resource: nothing is known about what depends on it. Find ids with search_infrastructure.'
          : hits.length === 0
            ? 'Nothing depends on it, as far as the graph has read.'
            : hits.map(({ node, path }) => `${node.id} (${path.map((edge) => edge.kind).join(' > ')})`).join('\n'),
    };
  },
});
