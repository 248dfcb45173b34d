import { z } from 'zod';
import { askAsOperator } from '../operator-request.js';

/**
 * Asks the running installation for a one-time sign-in link.
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run, else what it answered
 */
export async function signIn(person: string, folder: string): Promise<string> {
  return (await askAsOperator(folder, '/api/v1/sign-in-links', { person }, z.object({ url: z.string() }))).url;
}
