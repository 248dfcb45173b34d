import type { EndState, ErrorBody, Requester, RunState, WaitReason } from '@planwarden/contracts';

/** The run that this one mends. */
export interface RunParent {
  readonly run: string;
  readonly kind: 'retry' | 'rollback';
}

/** What a caller gives to begin a run. */
export interface NewRun {
  readonly title: string;
  readonly target: string;
  readonly environment: string;
  readonly persona: string;
  readonly requester: Requester;
  /** The request as accepted: JSON. */
  readonly request: unknown;
  readonly parent?: RunParent | null;
}

/** A person or principal who asked for something, and why. */
export interface Demand {
  readonly by: string;
  readonly reason: string;
}

/** One kind of journal entry each: everything a projection needs is in it. */
export type RunEventBody =
  | { readonly kind: 'run:started'; readonly data: NewRun & { readonly pipeline: string } }
  | { readonly kind: 'step:started'; readonly data: { readonly state: RunState } }
  | {
      readonly kind: 'step:done';
      readonly data: { readonly output: unknown; readonly next: string | null; readonly state: RunState | null };
    }
  | { readonly kind: 'step:failed'; readonly data: { readonly error: ErrorBody } }
  | { readonly kind: 'run:back'; readonly data: { readonly to: string } }
  | {
      readonly kind: 'run:parked';
      readonly data: { readonly reason: WaitReason; readonly attempts: number; readonly error?: ErrorBody };
    }
  | { readonly kind: 'run:round'; readonly data: { readonly error: ErrorBody; readonly to: string } }
  | { readonly kind: 'run:cancel-requested'; readonly data: Demand }
  | { readonly kind: 'run:discard-requested'; readonly data: Demand }
  | { readonly kind: 'run:ended'; readonly data: { readonly state: EndState; readonly error: ErrorBody | null } }
  | { readonly kind: 'effect:intent'; readonly data: { readonly name: string; readonly key: string } }
  | {
      readonly kind: 'effect:done';
      readonly data: {
        readonly name: string;
        readonly key: string;
        readonly result: unknown;
        /** True when the target was asked and said that an earlier attempt had done it. */
        readonly reconciled: boolean;
      };
    }
  | { readonly kind: 'note'; readonly data: unknown };

export type RunEventEntry = RunEventBody & { readonly message: string };
