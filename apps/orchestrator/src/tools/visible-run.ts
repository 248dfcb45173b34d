import { PlanwardenError, runIdPattern } from '@planwarden/contracts';
import type { RunRecord } from '@planwarden/runs';
import { z } from 'zod';
import { type McpContext, targetsOf } from './mcp-context.js';

export const runIdSchema = z
  .string()
  .regex(runIdPattern, 'is no run id')
  .describe('Id of a run: run_ and 32 hex digits.');

/** A run of a target the token may name; any other is unknown to this agent. @throws PlanwardenError RUN_UNKNOWN */
export async function visibleRun(context: McpContext, id: string): Promise<RunRecord> {
  const run = await context.services.runs.get(id);
  if (targetsOf(context).includes(run.target)) return run;
  throw new PlanwardenError('RUN_UNKNOWN', 'there is no run with this id', {
    where: { field: 'run' },
    remedy: 'List runs to see the ids there are.',
  });
}
