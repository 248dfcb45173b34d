import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** File with the agent token: as given, else PLANWARDEN_TOKEN_FILE; undefined: the data folder has it. */
export function tokenFile(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string | undefined {
  const file = given ?? environment.PLANWARDEN_TOKEN_FILE;
  return file === undefined || file === '' ? undefined : resolve(file);
}

/** Data folder of the installation: as given, else PLANWARDEN_DATA, else the default of the orchestrator. */
export function dataFolder(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const fallback = process.getuid?.() === 0 ? '/var/lib/planwarden' : join(homedir(), '.planwarden');
  return resolve(given ?? environment.PLANWARDEN_DATA ?? fallback);
}
