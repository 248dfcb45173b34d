import {
  decisionRefSchema,
  findingSchema,
  runDetailSchema,
  runSummarySchema,
  stepViewSchema,
} from '@planwarden/contracts';
import { z } from 'zod';
import { runText } from '../requests/run-text.js';
import { detailOf } from '../requests/run-views.js';
import { productTool, READ_ONLY } from './mcp-context.js';
import { runIdSchema, visibleRun } from './visible-run.js';

const detail = runDetailSchema.shape;

export const getRunTool = productTool({
  name: 'get_run',
  title: 'Get a run',
  description:
    'State of a run, its steps, findings with remedies, plan, pull request, what its approval still misses, who holds and who waits for its lock, and what was seen running; of a review its verdict, where it was posted, and what it did not see.',
  annotations: READ_ONLY,
  inputSchema: z.object({ run: runIdSchema }),
  outputSchema: z.object({
    run: runSummarySchema,
    steps: z.array(stepViewSchema),
    findings: z.array(findingSchema),
    decisions: z.array(decisionRefSchema),
    plan: z.object({ digest: z.string(), text: z.string() }).nullable(),
    pullRequest: detail.pullRequest,
    approval: z.object({ subjectDigest: z.string(), quorum: z.number(), missing: z.array(z.string()) }).nullable(),
    locks: detail.locks,
    freeze: detail.freeze,
    breakGlass: detail.breakGlass,
    review: detail.review,
    verified: detail.verified,
    summary: detail.summary,
  }),
  handler: async ({ run: id }, context) => {
    await visibleRun(context, id);
    const found = await detailOf(context.services, id);
    const { run, steps, findings, decisions, plan, planText, pullRequest, approval, locks, review, verified, summary } =
      found;
    const { freeze, breakGlass } = found;
    return {
      structured: {
        run,
        steps,
        findings,
        decisions,
        plan: plan === null ? null : { digest: plan.digest, text: planText ?? '' },
        pullRequest,
        approval:
          approval === null
            ? null
            : {
                subjectDigest: approval.subjectDigest,
                quorum: approval.tally.quorum,
                missing: approval.tally.missing,
              },
        locks,
        freeze,
        breakGlass,
        review,
        verified,
        summary,
      },
      text: runText(found),
    };
  },
});
