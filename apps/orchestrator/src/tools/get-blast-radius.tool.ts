import { type BlastRadius, blastRadiusSchema, type Coverage } from '@planwarden/contracts';
import { stackPlace } from '@planwarden/graph';
import { namespaceAllowed } from '@planwarden/manifests';
import { z } from 'zod';
import { resourceIdSchema, visibleResource } from './get-resource.tool.js';
import { environmentsOf, type McpContext, productTool, READ_ONLY, targetsOf } from './mcp-context.js';

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
    const found = await seenBy(context, await context.services.graph.blastRadius(id, { maxDepth: depth, limit: 200 }));
    const { hits } = found;
    return {
      structured: found,
      text:
        found.status === 'not_tracked'
          ? 'The graph does not track this resource: nothing is known about what depends on it. Find ids with search_infrastructure.'
          : hits.length === 0
            ? 'Nothing depends on it, as far as the graph has read.'
            : hits
                .map(({ node, path }) => `${node.id} (${path.map((edge) => edge.kind).join(' > ') || NO_WAY})`)
                .join('\n'),
    };
  },
});

const NO_WAY = 'by a way through what you may not see';

/**
 * What lies in an environment that the agent may not see is not tracked, as far as it can tell: neither that it is there,
 * nor a way through it, nor where else in a cluster was read.
 */
async function seenBy(context: McpContext, found: BlastRadius): Promise<BlastRadius> {
  const coverage = coverageSeenBy(context, found.coverage);
  const snapshot = coverage.kindsRead.length > 0 ? found.snapshot : 'none';
  if ((await visibleResource(context, found.root)) === null) {
    return { ...found, status: 'not_tracked', snapshot, coverage, hits: [], truncated: false };
  }
  const seen = environmentsOf(context);
  const hits = found.hits.filter(({ node }) => node.environment !== null && seen.has(node.environment));
  const ids = new Set([found.root, ...hits.map(({ node }) => node.id)]);
  const isSeen = ({ path }: BlastRadius['hits'][number]): boolean =>
    path.every(({ from, to }) => ids.has(from) && ids.has(to));
  return { ...found, snapshot, coverage, hits: hits.map((hit) => (isSeen(hit) ? hit : { ...hit, path: [] })) };
}

function coverageSeenBy(context: McpContext, coverage: Coverage): Coverage {
  const own = targetsOf(context).map((name) => context.services.config.target(name));
  const here = own.filter((target) =>
    target.kind === 'manifests' ? target.cluster === coverage.cluster : stackPlace(target.stack) === coverage.cluster,
  );
  if (here.length === 0) return { cluster: coverage.cluster, kindsRead: [], kindsFailed: [], namespacesRead: [] };
  const mayKnow = (namespace: string): boolean =>
    here.some(
      (target) =>
        target.kind === 'manifests' && (target.argocd.namespace === namespace || namespaceAllowed(target, namespace)),
    );
  return { ...coverage, namespacesRead: coverage.namespacesRead.filter(mayKnow) };
}
