import type { Claimed } from './lease.js';

/** A lease as it would be asked for now. */
export interface FirstLease {
  readonly owner: string;
  readonly leaseMs: number;
  /** On the worker's own clock, from before it is asked for. */
  readonly askedAt: number;
}

/** A worker of this process that takes runs as they begin: their first lease is written by the statement that begins them. */
export interface FirstHolder {
  /** A free place for a run of this pipeline version; undefined: none. Every place is either taken or left. */
  room(pipeline: string): Room | undefined;
}

export interface Room extends FirstLease {
  /** The run has begun under this lease, and it is durable: it is carried from now on. */
  take(claimed: Claimed): void;
  /** It was refused; or nobody knows, and a lease that was written all the same runs out by itself. */
  leave(): void;
}
