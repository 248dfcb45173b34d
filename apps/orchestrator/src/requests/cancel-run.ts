import type { RunRecord } from '@planwarden/runs';
import type { McpContext } from '../tools/mcp-context.js';

/**
 * An agent asks for the end of a run that it may see.
 * @throws PlanwardenError READ_ONLY, RUN_UNKNOWN, RUN_ENDED when something was released already
 */
export async function cancelRun({ services, bell, agent }: McpContext, id: string, reason: string): Promise<RunRecord> {
  services.config.assertWritable();
  const run = await services.runs.requestCancel(id, { by: `agent:${agent.id}`, reason });
  await bell.ring(id);
  return run;
}
