import type { Bell } from '@planwarden/runs';
import type { ChangeServices } from '../change/change.services.js';

/** Makes every run that waits for people look again: what it finds is its own to say. */
export async function wakeWaiting({ runs, log }: Pick<ChangeServices, 'runs' | 'log'>, bell: Bell): Promise<void> {
  for (const run of await runs.awaitingApproval()) {
    await runs.wake(run);
    await bell.ring(run).catch((error: unknown) => log.warn({ run, err: error }, 'the bell did not ring'));
  }
}
