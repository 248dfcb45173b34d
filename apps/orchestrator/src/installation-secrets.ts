import { PlanwardenError } from '@planwarden/contracts';
import type { InstallationConfig } from './config.file.js';
import { readSecretFile } from './secret-file.js';

/** Secrets of the installation itself, whatever its outside is. */
export interface InstallationSecrets {
  /** Opens what the CLI asks for. */
  readonly operatorToken: string;
  /** 32 bytes: seals plan files. */
  readonly planKey: Buffer;
}

/**
 * @param kept what the data folder holds; null in a process that has none of its own: then both files are demanded
 * @throws PlanwardenError CONFIG_INVALID for a file that is not named, cannot be read or holds something else
 */
export function installationSecrets(
  { secrets }: Pick<InstallationConfig, 'secrets'>,
  kept: { readonly operatorToken: string; readonly planKey: string } | null,
): InstallationSecrets {
  return { operatorToken: operatorToken(secrets, kept), planKey: planKey(secrets, kept) };
}

type Named = InstallationConfig['secrets'];

function operatorToken({ operatorTokenFile }: Named, kept: { readonly operatorToken: string } | null): string {
  const field = 'secrets.operatorTokenFile';
  if (operatorTokenFile === undefined) return kept?.operatorToken ?? notNamed(field);
  const token = readSecretFile(operatorTokenFile, field, 'a random token of at least 32 characters');
  if (/^[\w-]{32,200}$/.test(token)) return token;
  throw malformed(operatorTokenFile, field, 'a random token of 32 to 200 letters, digits, - or _');
}

function planKey({ planKeyFile }: Named, kept: { readonly planKey: string } | null): Buffer {
  const field = 'secrets.planKeyFile';
  const key =
    planKeyFile === undefined
      ? (kept?.planKey ?? notNamed(field))
      : readSecretFile(planKeyFile, field, '64 random hex digits');
  if (/^[0-9a-f]{64}$/.test(key)) return Buffer.from(key, 'hex');
  throw malformed(planKeyFile ?? '', field, '64 hex digits');
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
