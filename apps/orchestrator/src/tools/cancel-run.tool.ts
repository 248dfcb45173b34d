import { runSummarySchema } from '@planwarden/contracts';
import { z } from 'zod';
import { cancelRun } from '../requests/cancel-run.js';
import { summaryOf } from '../requests/run-views.js';
import { productTool } from './mcp-context.js';
import { runIdSchema, visibleRun } from './visible-run.js';

export const cancelRunTool = productTool({
  name: 'cancel_run',
  title: 'Cancel a run',
  description: 'Stops a run before anything was released. Its pull request is closed. An ended run stays as it is.',
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  inputSchema: z.object({
    run: runIdSchema,
    reason: z.string().max(2000).default('').describe('Why, for the people who read the log.'),
  }),
  outputSchema: z.object({ run: runSummarySchema }),
  handler: async ({ run: id, reason }, context) => {
    await visibleRun(context, id);
    const run = await cancelRun(context, id, reason);
    return { structured: { run: summaryOf(run) }, text: `Run ${id} ends as soon as its step is done.` };
  },
});
