import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Data folder of the installation: as given, else PLANWARDEN_DATA, else the default of the orchestrator. */
export function dataFolder(
  given: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  const fallback = process.getuid?.() === 0 ? '/var/lib/planwarden' : join(homedir(), '.planwarden');
  return resolve(given ?? environment.PLANWARDEN_DATA ?? fallback);
}
