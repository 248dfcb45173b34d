import { z } from 'zod';
import { detailOf } from '../requests/run-views.js';
import { paged, productTool, READ_ONLY, targetsOf } from './mcp-context.js';
import { runIdSchema } from './visible-run.js';

export const listPendingApprovalsTool = productTool({
  name: 'list_pending_approvals',
  title: 'List pending approvals',
  description:
    'Runs that wait for people, with what each approval still misses and where people decide. No tool approves: a person reviews the pull request or votes in the pages of Planwarden.',
  annotations: READ_ONLY,
  inputSchema: z.object({
    cursor: runIdSchema.optional().describe('The `next` of the page before.'),
    limit: z.number().int().min(1).max(50).default(10).describe('Most runs of one page.'),
  }),
  outputSchema: z.object({
    approvals: z.array(
      z.object({
        run: z.string(),
        title: z.string(),
        target: z.string(),
        round: z.number().int(),
        subjectDigest: z.string().nullable(),
        missing: z.array(z.string()),
        pullRequest: z.string().nullable().describe('Where people review it.'),
      }),
    ),
    next: z.string().nullable(),
  }),
  handler: async ({ cursor, limit }, context) => {
    const { services } = context;
    const found = await services.runs.list({
      targets: targetsOf(context),
      state: 'awaiting_approval',
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    const approvals = await Promise.all(
      found.runs.map(async ({ id, title, target, round }) => {
        const { approval, pullRequest } = await detailOf(services, id);
        return {
          ...{ run: id, title, target, round },
          subjectDigest: approval?.subjectDigest ?? null,
          missing: approval?.tally.missing ?? [],
          pullRequest: pullRequest?.url ?? null,
        };
      }),
    );
    return {
      structured: { approvals, next: found.next },
      text: paged(
        approvals
          .map(({ run, target, subjectDigest, missing, pullRequest }) => {
            // Votes name the subject: before there is one nobody can decide, however the run is called.
            const lacks = subjectDigest === null ? 'its evidence is not published yet' : missing.join('; ');
            return `${run} ${target}: ${lacks || 'nothing is missing'} (${pullRequest ?? 'no pull request'})`;
          })
          .join('\n') || 'Nothing waits for an approval.',
        found.next,
      ),
    };
  },
});
