import { z } from 'zod';
import { askAsOperator } from '../operator-request.js';

const answer = z.object({
  targets: z.array(
    z.object({
      target: z.string(),
      repository: z.string(),
      branch: z.string(),
      requirements: z.array(z.object({ name: z.string(), says: z.string(), isMet: z.boolean() })),
    }),
  ),
});

/**
 * Has the running installation read how the repositories of its targets are protected.
 * @returns a line for each requirement, and whether all are met
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run, else what it answered
 */
export async function githubCheck(folder: string): Promise<{ readonly text: string; readonly isGood: boolean }> {
  const { targets } = await askAsOperator(folder, '/api/v1/github/check', {}, answer);
  const missing = targets.flatMap(({ requirements }) => requirements).filter(({ isMet }) => !isMet).length;
  const lines = targets.flatMap(({ target, repository, branch, requirements }) => [
    `${target}: ${repository}, branch ${branch}`,
    ...requirements.map(({ name, says, isMet }) => `  ${isMet ? 'ok     ' : 'missing'} ${name.padEnd(15)} ${says}`),
  ]);
  const last = missing === 0 ? 'Every requirement is met.' : `${missing} missing.`;
  return { text: [...lines, last].join('\n'), isGood: missing === 0 };
}
