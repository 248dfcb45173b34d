/** One place of the product that a guard consists of, and what stands there when the guard is cut out. */
export interface Cut {
  readonly file: string;
  /** Exactly one place of the file reads so. */
  readonly find: string;
  readonly put: string;
}

export interface Guard {
  readonly holds: string;
  readonly cuts: readonly Cut[];
}

export const cut = (file: string, find: string, put = ''): Cut => ({ file, find, put });

/** Policy of phase approval counts again; where it would say the same, it belongs to the guard. */
export const policyToo = cut(
  'libs/approvals/src/confirm.ts',
  `if (!decision.allow) return { kind: 'denied', decision, tally };`,
);
