/**
 * Named instants at which a crash, a delay or a race would hurt. Libraries call `at(name)` there; production passes
 * `noFaults`, tests pass an object that throws, kills the process or waits.
 */
export interface FaultPoints {
  at(point: string): Promise<void> | void;
}

export const noFaults: FaultPoints = { at: () => undefined };
