import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PlanwardenError } from '@planwarden/contracts';
import { z } from 'zod';

/** Where the installation of a data folder listens. @throws PlanwardenError OUTSIDE_UNAVAILABLE when it does not run */
export const addressOf = (folder: string) => readOf(join(folder, 'address.json'), addressSchema);

const addressSchema = z.object({ url: z.string(), operatorTokenFile: z.string().optional() });

/** A JSON file that a running installation keeps. @throws PlanwardenError OUTSIDE_UNAVAILABLE */
export function readOf<T>(file: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw notRunning(file, cause);
  }
}

export function notRunning(where: string, cause: unknown): PlanwardenError {
  return new PlanwardenError('OUTSIDE_UNAVAILABLE', `no running installation was found (${where})`, {
    remedy: 'Start it with npm start; give --data <folder> if it keeps its data elsewhere.',
    cause,
  });
}
