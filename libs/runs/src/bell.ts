import type { Log } from '@planwarden/contracts';

/** Wakes a worker. It carries a run id and nothing else; losing it only costs the time until the sweep. */
export interface Bell {
  /**
   * Never throws: what is asked for is durable before its bell rings.
   * @param inMs milliseconds from now; 0 where not given
   * @returns false when nobody will hear it; the sweep finds the run
   */
  ring(run: string, inMs?: number): Promise<boolean>;
  /** @throws when the bell cannot be reached now */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface BellListener {
  /** Hears nothing more; does not wait for the work in hand. */
  close(): Promise<void>;
}

/** Name of the queue on either backend. */
export const BELL_QUEUE = 'planwarden-runs';

/** The part of a BullMQ queue that rings, on either backend. */
interface Rings {
  add(
    name: string,
    data: { run: string },
    options: { delay: number; removeOnComplete: boolean; removeOnFail: boolean },
  ): Promise<unknown>;
}

/** `ring` of a bell on a queue: what cannot be rung is logged and told, never thrown. */
export const ringOn =
  (queue: Rings, log: Log): Bell['ring'] =>
  async (run, inMs = 0) => {
    try {
      await queue.add('ring', { run }, { delay: inMs, removeOnComplete: true, removeOnFail: true });
      return true;
    } catch (err) {
      log.warn({ run, err }, 'the bell did not ring');
      return false;
    }
  };
