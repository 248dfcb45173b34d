import { RUN_STATES } from '@planwarden/contracts';
import { z } from 'zod';
import { retryOf } from '../requests/mend-run.js';
import { proposeChange } from '../requests/propose-change.js';
import { askerOf, productTool } from './mcp-context.js';
import { runIdSchema, visibleRun } from './visible-run.js';

export const retryRunTool = productTool({
  name: 'retry_run',
  title: 'Retry a run',
  description: [
    'Asks for the same change again after a run that did not succeed. A new run begins, linked to the old one; it goes',
    'through the whole gate, and a person decides on it anew.',
  ].join(' '),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  inputSchema: z.object({ run: runIdSchema }),
  outputSchema: z.object({ run: z.string(), parent: z.string(), state: z.enum(RUN_STATES), next: z.string() }),
  handler: async ({ run: id }, context) => {
    const { request, parent } = retryOf(await visibleRun(context, id));
    const asker = askerOf(context, 'retry_run', request.persona);
    const run = await proposeChange(context.services, context.bell, asker, request, parent);
    const next = `Call get_run with run ${run.id} until it has ended or waits for a person.`;
    return {
      structured: { run: run.id, parent: id, state: run.state, next },
      text: `Run ${run.id} tries again what run ${id} was asked for. ${next}`,
    };
  },
});
