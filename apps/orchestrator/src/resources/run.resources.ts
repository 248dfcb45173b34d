import { PlanwardenError, runIdPattern } from '@planwarden/contracts';
import type { ResourceTemplateDefinition } from '@planwarden/mcp-server-kit';
import { logText } from '../requests/run-text.js';
import { detailOf } from '../requests/run-views.js';
import { type McpContext, targetsOf } from '../tools/mcp-context.js';
import { visibleRun } from '../tools/visible-run.js';

type Family = ResourceTemplateDefinition<McpContext>;

/** A run as resources: the whole of it, its plan as text, its log. */
export const RUN_RESOURCES: readonly Family[] = [
  family('run', 'planwarden://runs/{id}', 'Run', 'application/json', async (id, context) =>
    JSON.stringify(await detailOf(context.services, id), null, 2),
  ),
  family('run-plan', 'planwarden://runs/{id}/plan', 'Plan of a run', 'text/markdown', async (id, context) => {
    const { planText } = await detailOf(context.services, id);
    return planText ?? 'There is no plan yet.';
  }),
  family('run-log', 'planwarden://runs/{id}/log', 'Log of a run', 'text/plain', async (id, context) => {
    const events = await context.services.runs.events(id);
    return events.map((event) => `round ${event.round} ${logText(event)}`).join('\n');
  }),
];

function family(
  name: string,
  uriTemplate: string,
  title: string,
  mimeType: string,
  read: (id: string, context: McpContext) => Promise<string>,
): Family {
  return {
    name,
    uriTemplate,
    title,
    description: `${title}, as it stands now.`,
    mimeType,
    list: async (context) => {
      const { runs } = await context.services.runs.list({ targets: targetsOf(context), limit: 20 });
      return runs.map((run) => ({ uri: uriTemplate.replace('{id}', run.id), name: `${title} ${run.id}` }));
    },
    read: async ({ id = '' }, context) => {
      if (!runIdPattern.test(id)) {
        throw new PlanwardenError('RUN_UNKNOWN', 'there is no run with this id', {
          where: { field: 'uri' },
          remedy: 'List resources to see the runs there are.',
        });
      }
      await visibleRun(context, id);
      return read(id, context);
    },
  };
}
