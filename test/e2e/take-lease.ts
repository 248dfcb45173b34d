import { createPool } from '@planwarden/database';
import type { World } from './world.js';

/**
 * The run is taken from the worker that has it, and another wakes for it: from its claim on there are two at work.
 * @returns the fence of the first; the second has a higher one
 */
export async function takeLease({ at }: World, run: string): Promise<number> {
  const pool = createPool({ connectionString: at.connectionString, max: 1 });
  try {
    const { rows } = await pool.query<{ fence: string }>(
      'UPDATE runs SET lease_owner = NULL, lease_until = NULL WHERE id = $1 RETURNING fence',
      [run],
    );
    await at.app.services.runs.wake(run);
    await at.app.bell.ring(run);
    return Number(rows[0]?.fence);
  } finally {
    await pool.end();
  }
}
