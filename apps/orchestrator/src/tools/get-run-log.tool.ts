import { z } from 'zod';
import { logText } from '../requests/run-text.js';
import { productTool, READ_ONLY } from './mcp-context.js';
import { runIdSchema, visibleRun } from './visible-run.js';

const entrySchema = z.object({
  seq: z.number().int(),
  at: z.string().describe('RFC 3339, UTC.'),
  round: z.number().int(),
  step: z.string().nullable(),
  kind: z.string(),
  code: z.string().nullable().describe('Why a round, a failure or an end happened.'),
  message: z.string(),
});

export const getRunLogTool = productTool({
  name: 'get_run_log',
  title: 'Get the log of a run',
  description: 'The journal of a run as people read it, oldest first, in pages: what was done, waited for and refused.',
  annotations: READ_ONLY,
  inputSchema: z.object({
    run: runIdSchema,
    after: z.number().int().min(0).default(0).describe('The `next` of the page before; 0 from the beginning.'),
    limit: z.number().int().min(1).max(500).default(100).describe('Most entries of one page.'),
  }),
  outputSchema: z.object({
    entries: z.array(entrySchema),
    next: z.number().int().nullable().describe('Give as `after` to read on; null at the end of what there is now.'),
  }),
  handler: async ({ run: id, after, limit }, context) => {
    await visibleRun(context, id);
    const found = await context.services.runs.events(id, after, limit + 1);
    const entries = found.slice(0, limit).map(({ seq, at, round, step, kind, code, message }) => ({
      ...{ seq, at, round, step, kind, message },
      code: code ?? null,
    }));
    const next = found.length > limit ? (entries.at(-1)?.seq ?? null) : null;
    return {
      structured: { entries, next },
      text: [
        entries.map(logText).join('\n') || 'No entries after that.',
        ...(next === null ? [] : [`There is more: ask again after ${next}.`]),
      ].join('\n'),
    };
  },
});
