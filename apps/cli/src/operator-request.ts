import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorBodySchema, PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';
import { addressOf, notRunning, readOf } from './installation.js';

const secretsSchema = z.object({ operatorToken: z.string() });

/**
 * Asks the running installation of a data folder something as its operator.
 * @param answer what it answers with
 * @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run, else what it answered
 */
export async function askAsOperator<T>(
  folder: string,
  path: string,
  body: Readonly<Record<string, unknown>>,
  answer: z.ZodType<T>,
): Promise<T> {
  const { url, operatorTokenFile } = addressOf(folder);
  const operatorToken =
    operatorTokenFile === undefined
      ? readOf(join(folder, 'secrets.json'), secretsSchema).operatorToken
      : readText(operatorTokenFile);
  let response: Response;
  try {
    response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${operatorToken}` },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw notRunning(folder, cause);
  }
  const said: unknown = await response.json();
  if (response.ok) return answer.parse(said);
  const { message, remedy } = errorBodySchema.parse(said);
  throw new PlanwardenError('OUTSIDE_REFUSED', message, { remedy });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    throw new PlanwardenError('CONFIG_INVALID', `the operator token ${file} cannot be read`, {
      remedy: 'Run this as the user, and in the container, of the orchestrator.',
      cause,
    });
  }
}
