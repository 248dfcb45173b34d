import { RUN_STATES } from '@planwarden/contracts';
import { z } from 'zod';
import { rollbackOf } from '../requests/mend-run.js';
import { proposeChange } from '../requests/propose-change.js';
import { askerOf, productTool } from './mcp-context.js';
import { runIdSchema, visibleRun } from './visible-run.js';

export const rollbackRunTool = productTool({
  name: 'rollback_run',
  title: 'Roll back a run',
  description: [
    'Asks to undo what a run merged: its files as they were before, or gone where they were new. A new run begins, linked',
    'to the old one; it goes through the whole gate, and a person decides on it. Refused where the files were changed since.',
  ].join(' '),
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  inputSchema: z.object({
    run: runIdSchema,
    reason: z.string().max(2000).default('').describe('Why, for the person who decides. It is shown as a quotation.'),
  }),
  outputSchema: z.object({ run: z.string(), parent: z.string(), state: z.enum(RUN_STATES), next: z.string() }),
  handler: async ({ run: id, reason }, context) => {
    const old = await visibleRun(context, id);
    context.services.config.assertWritable();
    const { request, parent } = await rollbackOf(context.services, old, reason);
    const run = await proposeChange(context.services, context.bell, askerOf(context, 'rollback_run'), request, parent);
    const next = `Call get_run with run ${run.id} until it has ended or waits for a person.`;
    return {
      structured: { run: run.id, parent: id, state: run.state, next },
      text: `Run ${run.id} undoes what run ${id} merged. ${next}`,
    };
  },
});
