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
