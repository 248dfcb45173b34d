import { isRequesterId, lacksRole } from '@planwarden/approvals';
import { mayVoteIn, type Person, PlanwardenError } from '@planwarden/contracts';
import type { RunRecord } from '@planwarden/runs';
import type { App } from '../app.js';
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

/**
 * A person asks for the end of a run that they asked for, or their agent, or that they could vote on.
 * @throws PlanwardenError READ_ONLY, RUN_UNKNOWN, VOTER_LACKS_ROLE, RUN_ENDED when something was released already
 */
export async function cancelAsPerson(
  { services, bell }: Pick<App, 'services' | 'bell'>,
  id: string,
  person: Person,
  reason: string,
): Promise<RunRecord> {
  services.config.assertWritable();
  const { requester, environment } = await services.runs.get(id);
  if (!isRequesterId(person.id, requester) && !mayVoteIn(person, environment)) {
    const { code, message } = lacksRole(environment);
    throw new PlanwardenError(code, message, {
      where: { field: 'run' },
      remedy: 'Ask who asked for it, or somebody who may vote there.',
    });
  }
  const run = await services.runs.requestCancel(id, { by: `person:${person.id}`, reason });
  await bell.ring(id);
  return run;
}
