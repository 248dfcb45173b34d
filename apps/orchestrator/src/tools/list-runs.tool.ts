import { RUN_STATES, type RunSummary, runListSchema } from '@planwarden/contracts';
import { z } from 'zod';
import { summaryOf } from '../requests/run-views.js';
import { paged, productTool, READ_ONLY, targetsOf } from './mcp-context.js';
import { runIdSchema } from './visible-run.js';

export const listRunsTool = productTool({
  name: 'list_runs',
  title: 'List runs',
  description: 'Runs of the targets your token may name, newest first, in pages.',
  annotations: READ_ONLY,
  inputSchema: z.object({
    state: z.enum(RUN_STATES).optional().describe('Only runs in this state.'),
    cursor: runIdSchema.optional().describe('The `next` of the page before.'),
    limit: z.number().int().min(1).max(100).default(20).describe('Most runs of one page.'),
  }),
  outputSchema: runListSchema,
  handler: async ({ state, cursor, limit }, context) => {
    const found = await context.services.runs.list({
      targets: targetsOf(context),
      limit,
      ...(state === undefined ? {} : { state }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    const runs = found.runs.map(summaryOf);
    return {
      structured: { runs, next: found.next },
      text: paged(runs.length === 0 ? 'No runs.' : runs.map(lineOf).join('\n'), found.next),
    };
  },
});

const lineOf = ({ id, state, target, wait }: RunSummary): string =>
  `${id} ${state} ${target}${wait === null ? '' : `, waits for ${wait.reason}: ${wait.message}`}`;
