import { isPlanwardenError } from '@planwarden/contracts';
import type { App } from './app.js';

export interface Readiness {
  readonly status: 'ok' | 'not_ready';
  /** By the name of the check: `ok`, an error code, or `failed`. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Asks every check at once. */
export async function readinessOf(checks: App['checks']): Promise<Readiness> {
  const said = await Promise.all(
    Object.entries(checks).map(async ([name, check]): Promise<[string, string]> => {
      try {
        await check();
        return [name, 'ok'];
      } catch (error) {
        return [name, isPlanwardenError(error) ? error.code : 'failed'];
      }
    }),
  );
  return { status: said.every(([, word]) => word === 'ok') ? 'ok' : 'not_ready', checks: Object.fromEntries(said) };
}
