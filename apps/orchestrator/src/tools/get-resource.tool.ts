import { graphNodeSchema, PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';
import { environmentsOf, type McpContext, productTool, READ_ONLY } from './mcp-context.js';

export const resourceIdSchema = z
  .string()
  .min(1)
  .max(600)
  .describe(
    'Id of a resource, as search_infrastructure gives it, e.g. k8s:<cluster>:<group>/<kind>:<namespace>:<name>.',
  );

export const getResourceTool = productTool({
  name: 'get_resource',
  title: 'Get a resource',
  description: 'One resource the graph knows, with where that knowledge comes from and when it was seen.',
  annotations: READ_ONLY,
  inputSchema: z.object({ id: resourceIdSchema }),
  outputSchema: z.object({ resource: graphNodeSchema }),
  handler: async ({ id }, context) => {
    const resource = await visibleResource(context, id);
    if (resource === null) {
      throw new PlanwardenError('RESOURCE_UNKNOWN', 'the graph does not track a resource with this id', {
        where: { field: 'id' },
        remedy: 'Find ids with search_infrastructure. Not tracked does not mean that it does not exist.',
      });
    }
    return { structured: { resource }, text: `${resource.id}: ${JSON.stringify(resource.properties)}` };
  },
});

/** A node of an environment this agent may see, or null. */
export async function visibleResource(context: McpContext, id: string) {
  const node = await context.services.graph.get(id);
  return node?.environment != null && environmentsOf(context).has(node.environment) ? node : null;
}
