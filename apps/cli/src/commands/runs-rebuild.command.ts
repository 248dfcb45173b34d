import { z } from 'zod';
import { askAsOperator } from '../operator-request.js';

/**
 * Has the running installation make the rows of all runs again from the journal.
 * @returns one line for the operator
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run, else what it answered
 */
export async function runsRebuild(folder: string): Promise<string> {
  const answer = z.object({ runs: z.number(), mended: z.number() });
  const { runs, mended } = await askAsOperator(folder, '/api/v1/runs/rebuild', {}, answer);
  return `The rows of ${runs} runs are what the journal says; ${mended} were not before.`;
}
