import { readFileSync } from 'node:fs';
import { PlanwardenError } from '@planwarden/contracts';

/**
 * What a file that holds one secret says, without the white space around it.
 * @param field of planwarden.yaml that names the file
 * @param what it should hold, for the error
 * @throws PlanwardenError CONFIG_INVALID when it cannot be read or is empty: a secret has no default
 */
export function readSecretFile(file: string, field: string, what: string): string {
  let text = '';
  let cause: unknown;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    cause = error;
  }
  if (text !== '') return text;
  throw new PlanwardenError('CONFIG_INVALID', `${file} ${cause === undefined ? 'is empty' : 'cannot be read'}`, {
    where: { field },
    remedy: `Write ${what} into it, readable by Planwarden alone.`,
    cause,
  });
}
