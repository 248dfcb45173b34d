import type { Log } from '@planwarden/contracts';
import type { LoadedConfig } from '../config.js';

/** What a process does: everything, or one part of an installation whose parts are started apart. */
export const ROLES = ['all', 'orchestrator', 'worker', 'sandbox'] as const;
export type Role = (typeof ROLES)[number];

export interface RoleOptions {
  readonly config: LoadedConfig;
  readonly log: Log;
  /** Milliseconds since the process began, when asked. */
  readonly sinceStart: () => number;
  /** Loopback port that tells whether this process is well; absent: none. */
  readonly healthPort?: number;
  /** Called when the process cannot go on; the words are for the operator. */
  readonly onGone: (line: string) => void;
}

export interface StartedRole {
  /** What the operator reads on standard output. */
  readonly words: string;
  close(): Promise<void>;
}

/** Longest a stop may take before the process ends all the same, by role: a worker first lets its steps end. */
export const STOP_MS: Readonly<Record<Role, number>> = {
  all: 10_000,
  orchestrator: 10_000,
  worker: 30_000,
  sandbox: 10_000,
};
/** How long a worker waits for the runs in hand; the rest of its time is for giving them back. */
export const WORKER_GRACE_MS = 20_000;
