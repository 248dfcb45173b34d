import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorBodySchema, PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';

const addressSchema = z.object({ url: z.string() });
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
  const { url } = read(join(folder, 'address.json'), addressSchema);
  const { operatorToken } = read(join(folder, 'secrets.json'), secretsSchema);
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

function read<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw notRunning(file, cause);
  }
}

function notRunning(where: string, cause: unknown): PlanwardenError {
  return new PlanwardenError('OUTSIDE_UNAVAILABLE', `no running installation was found (${where})`, {
    remedy: 'Start it with npm start; give --data <folder> if it keeps its data elsewhere.',
    cause,
  });
}
