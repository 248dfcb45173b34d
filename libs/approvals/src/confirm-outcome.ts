import { canonicalJson, type Decision, type ErrorCode, type Tally } from '@planwarden/contracts';
import type { Approval } from './approval.js';

export interface ConfirmRequest {
  readonly run: string;
  readonly round: number;
  /** Fencing number of the lease under which the Approval may be used. */
  readonly fence: number;
}

interface Reason {
  readonly code: ErrorCode;
  readonly message: string;
  /** Dotted field of the subject that differs, where one does. */
  readonly field?: string;
}

export type ConfirmOutcome =
  | { readonly kind: 'approved'; readonly approval: Approval; readonly tally: Tally }
  /** An earlier attempt of ours already merged the evidence commit: nothing is released twice. */
  | { readonly kind: 'released'; readonly mergeSha: string }
  | ({ readonly kind: 'keep-waiting'; readonly tally: Tally | null } & Reason)
  | ({ readonly kind: 'new-round' } & Reason)
  | { readonly kind: 'expired'; readonly code: 'SUBJECT_EXPIRED'; readonly message: string }
  | ({ readonly kind: 'superseded'; readonly by: string | null } & Reason)
  /** Applied, and the merge cannot be released: a person must look. */
  | ({ readonly kind: 'unmerged' } & Reason)
  | { readonly kind: 'discarded'; readonly by: string }
  | { readonly kind: 'denied'; readonly decision: Decision; readonly tally: Tally };

/** Every outcome but the Approval. */
export type Stop = Exclude<ConfirmOutcome, { kind: 'approved' }>;

export type Comparison = readonly [field: string, stored: unknown, actual: unknown];

/** A new round naming the first field whose stored value is not the actual one; null when all agree. */
export function firstDifference(code: ErrorCode, words: string, fields: readonly Comparison[]): Stop | null {
  const found = fields.find(([, stored, actual]) => canonicalJson(stored) !== canonicalJson(actual));
  return found ? newRound(code, `${found[0]} ${words}`, found[0]) : null;
}

export function newRound(code: ErrorCode, message: string, field?: string): Stop {
  return { kind: 'new-round', code, message, ...(field === undefined ? {} : { field }) };
}
