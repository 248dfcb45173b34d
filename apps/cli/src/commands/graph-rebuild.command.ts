import { z } from 'zod';
import { askAsOperator } from '../operator-request.js';

/**
 * Has the running installation fill its graph database again from what Postgres records.
 * @returns one line for the operator
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run, else what it answered
 */
export async function graphRebuild(folder: string): Promise<string> {
  const answer = z.object({ nodes: z.number(), edges: z.number() });
  const { nodes, edges } = await askAsOperator(folder, '/api/v1/graph/rebuild', {}, answer);
  return `The graph holds ${nodes} resources and ${edges} relations again.`;
}
