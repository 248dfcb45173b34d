import { PlanwardenError } from '@planwarden/contracts';
import type { InstallationConfig } from './config.file.js';
import { readSecretFile } from './secret-file.js';

type Named = Pick<InstallationConfig, 'secrets'>;

/**
 * The token that opens what the CLI asks for.
 * @param kept what the data folder holds; undefined in a process that has none of its own: then a file is demanded
 * @throws PlanwardenError CONFIG_INVALID for a file that is not named, cannot be read or holds something else
 */
export function operatorTokenOf({ secrets: { operatorTokenFile } }: Named, kept?: string): string {
  const field = 'secrets.operatorTokenFile';
  if (operatorTokenFile === undefined) return kept ?? notNamed(field);
  const token = readSecretFile(operatorTokenFile, field, 'a random token of at least 32 characters');
  if (/^[\w-]{32,200}$/.test(token)) return token;
  throw malformed(operatorTokenFile, field, 'a random token of 32 to 200 letters, digits, - or _');
}

/** 32 bytes that seal plan files. Parameters and errors as for `operatorTokenOf`. */
export function planKeyOf({ secrets: { planKeyFile } }: Named, kept?: string): Buffer {
  const field = 'secrets.planKeyFile';
  const key =
    planKeyFile === undefined ? (kept ?? notNamed(field)) : readSecretFile(planKeyFile, field, '64 random hex digits');
  if (/^[0-9a-f]{64}$/.test(key)) return Buffer.from(key, 'hex');
  throw malformed(planKeyFile ?? 'secrets.json', field, '64 hex digits');
}

function notNamed(field: string): never {
  throw new PlanwardenError('CONFIG_INVALID', `${field} names no file`, {
    where: { field },
    remedy: 'Processes that are started apart share the secrets of the installation: name a file for each.',
  });
}

const malformed = (file: string, field: string, wanted: string): PlanwardenError =>
  new PlanwardenError('CONFIG_INVALID', `${file} does not hold ${wanted}`, {
    where: { field },
    remedy: 'Write it anew; every process of the installation must read the same.',
  });
