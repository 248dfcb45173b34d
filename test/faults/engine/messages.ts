import type { BellBackend, NewRun } from '@planwarden/runs';
import type { EffectKind } from './targets.js';

/** What a worker does when it meets a fault point. */
export interface WorkerFault {
  readonly id: number;
  /** As the coverage counts it; undefined: it falls anywhere. */
  readonly place?: string;
  readonly point: string;
  readonly run?: string;
  readonly step?: string;
  readonly effect?: string;
  /** At which meeting, counted in one process; where the point says what stands there, 1. */
  readonly nth: number;
  /**
   * `kill`: SIGKILL; `pause`: stands still there until the parent has stopped the whole process by SIGSTOP and let it go
   * on; `slow`: waits; `tell`: waits until the parent has acted;
   * `refuse`: for a while its database says that its disk is full.
   */
  readonly act: 'kill' | 'pause' | 'slow' | 'tell' | 'refuse';
  /** What the parent does when it is told. */
  readonly does?:
    | 'cancel'
    | 'vote'
    | 'overtake'
    | 'cut'
    | 'restart-postgres'
    | 'kill-postgres'
    | 'fill-disk'
    | 'jump-ahead'
    | 'jump-back'
    | 'empty-queue'
    | 'remove-queue';
}

/** What befalls one request to the outside, once. */
export interface OutsideFault {
  readonly op: 'do' | 'ask';
  readonly kind: EffectKind;
  readonly run: string;
  /** Only in this round. */
  readonly round?: number;
  /**
   * `lose`: done, the answer is lost; `late`: refused now and done a little later; `delay`: done and answered late;
   * `fail`: an error, nothing done; `double`: shown twice;
   * `stale`: what is there is not shown yet; `kill-before`, `kill-after`: the worker that asks dies;
   * `race`: its lease is taken, and it is let go on at the same instant as the next worker.
   */
  readonly fault: 'lose' | 'late' | 'delay' | 'fail' | 'double' | 'stale' | 'kill-before' | 'kill-after' | 'race';
}

export type ToWorker =
  | {
      readonly kind: 'begin';
      readonly connectionString: string;
      readonly outside: string;
      readonly name: string;
      readonly leaseMs: number;
      readonly stepDeadlineMs: number;
      /** A bell of the product; null: the bell of the suite, over the channel. */
      readonly bell: BellBackend | null;
      readonly faults: readonly WorkerFault[];
    }
  | { readonly kind: 'ring'; readonly run: string }
  | Begin
  /** What a fault asked for has happened; or it is used up and none of this worker's any more. */
  | { readonly kind: 'go' | 'used'; readonly id: number }
  | { readonly kind: 'close' };

/** Begins a run, under its own lease where it has room for it. */
export interface Begin {
  readonly kind: 'begin-run';
  readonly number: number;
  readonly asked: NewRun;
}

/** Over the channel: what may be lost with the process. */
export interface FromWorker {
  readonly kind: 'ring';
  readonly run: string;
  readonly inMs: number;
}

/** A line on standard output, written before anything else happens: not lost with the process. */
export type Said =
  | { readonly met: number; readonly isDeath: boolean }
  | { readonly is: 'loaded' | 'ready' }
  /** The answer to a `begin-run`; null: it was not told that the run has begun. */
  | { readonly number: number; readonly began: string | null; readonly isTaken: boolean }
  | { readonly warn: string };
