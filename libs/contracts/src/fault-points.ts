/** What stands at a point: whoever makes faults chooses by it, never by counting, which shifts on a slow machine. */
export interface FaultDetail {
  readonly run?: string;
  readonly step?: string;
  /** Name of the effect. */
  readonly effect?: string;
}

/**
 * Named instants at which a crash, a delay or a race would hurt. Libraries call `at(name)` there; production passes
 * `noFaults`, tests pass an object that throws, kills the process or waits.
 */
export interface FaultPoints {
  at(point: string, detail?: FaultDetail): Promise<void> | void;
}

export const noFaults: FaultPoints = { at: () => undefined };
