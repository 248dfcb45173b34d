import { type FaultPoints, type Log, noFaults, silentLog } from '@planwarden/contracts';
import type pg from 'pg';
import type { Pipeline } from './step.js';

/** Instants at which libs/runs asks the fault points. */
export const RUN_FAULT_POINTS = [
  'runs:claimed',
  'runs:step:started',
  'runs:effect:intended',
  'runs:effect:acted',
  'runs:effect:recorded',
  'runs:step:executed',
  'runs:step:recorded',
  // Around every commit of the journal, whatever it holds and however many runs share it.
  'runs:commit:before',
  'runs:commit:after',
] as const;

export interface RunEngineOptions {
  readonly pool: pg.Pool;
  /** Every version this process can carry. A run keeps the version it began with. */
  readonly pipelines: readonly Pipeline[];
  /** Name of this worker in leases and logs: another one in every process. */
  readonly worker: string;
  readonly log?: Log;
  readonly faults?: FaultPoints;
  /** Milliseconds after which a silent worker loses its run. Default 30 000. */
  readonly leaseMs?: number;
  /**
   * Retryable failures of one step in a row before it counts as failed. Default 40. A step whose road enters again at an
   * earlier one is tried on until that one says no.
   */
  readonly maxAttempts?: number;
  /** First back-off in milliseconds, doubled up to `maxBackOffMs`. Defaults 250 and 60 000. */
  readonly backOffMs?: number;
  readonly maxBackOffMs?: number;
  /** Longest time of one execution of a step that names none itself, in milliseconds. Default 30 minutes. */
  readonly stepDeadlineMs?: number;
  /** How long a step that was told to stop is waited for, in milliseconds. Default 10 000. */
  readonly stepGraceMs?: number;
  /** Milliseconds on a clock that never jumps: by it this worker knows how long its leases are surely its own. */
  readonly monotonic?: () => number;
}

export function withDefaults(options: RunEngineOptions): Required<RunEngineOptions> {
  return {
    log: silentLog,
    faults: noFaults,
    leaseMs: 30_000,
    maxAttempts: 40,
    backOffMs: 250,
    maxBackOffMs: 60_000,
    stepDeadlineMs: 30 * 60_000,
    stepGraceMs: 10_000,
    monotonic: () => performance.now(),
    ...options,
  };
}
