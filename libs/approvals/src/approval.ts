import { type ErrorCode, type Freeze, PlanwardenError, type Subject, type Tally } from '@planwarden/contracts';

/** How long an Approval is good for, in milliseconds. */
export const APPROVAL_LIFETIME_MS = 60_000;

/** Digests that must be the same when an effect is released as when the Approval was made. */
export interface TrustDigests {
  readonly people: string;
  readonly policyBundle: string;
  readonly targetConfiguration: string;
}

/** What is read again before each released effect. Each function asks the source, never a cache of the run. */
export interface FreshPorts {
  /** The database's clock. */
  now(): Promise<Date>;
  peopleDigest(): Promise<string>;
  policyBundleDigest(): Promise<string>;
  targetConfigurationDigest(): Promise<string>;
  /** The freeze that stops this subject's apply now; null where there is none, or broken glass lifts it. */
  freeze(subjectDigest: string): Promise<Freeze | null>;
}

export interface Grant {
  readonly subject: Subject;
  readonly subjectDigest: string;
  readonly evidenceSha: string;
  readonly tally: Tally;
  readonly fence: number;
  /** Milliseconds since the epoch, by the database's clock. A number: a Date could be set back. */
  readonly grantedAtMs: number;
  readonly digests: TrustDigests;
  /** `merge`: an apply of this round was released before; it spent votes and expiry, and only its merge is left. */
  readonly releases: 'everything' | 'merge';
}

/** What is about to be released. */
export type ReleasedEffect = 'apply' | 'merge';

const token: unique symbol = Symbol('approval');
const granted = new WeakSet<object>();

/**
 * A subject with enough votes, confirmed a moment ago. Only `confirm` makes one. It is never stored and never read
 * back: a copy by any means (JSON, structuredClone, a cast, Object.create) is not in the WeakSet and is refused.
 */
export class Approval {
  readonly #grant: Grant;

  constructor(key: typeof token, grant: Grant) {
    // `new.target` keeps a subclass from being registered in our name.
    if (key !== token || new.target !== Approval) throw forged();
    this.#grant = deepFreeze(structuredClone(grant));
    Object.freeze(this);
    granted.add(this);
  }

  get subject(): Subject {
    return this.#grant.subject;
  }
  get subjectDigest(): string {
    return this.#grant.subjectDigest;
  }
  /** The commit whose review, check run and merge this Approval is about. */
  get evidenceSha(): string {
    return this.#grant.evidenceSha;
  }
  get tally(): Tally {
    return this.#grant.tally;
  }

  /** @internal Facts for `assertFresh`; refuses anything that `confirm` did not make. */
  static read(approval: unknown): Grant {
    if (typeof approval !== 'object' || approval === null || !granted.has(approval) || !(#grant in approval)) {
      throw forged();
    }
    return approval.#grant;
  }
}

/** Makes an Approval. For `confirm` alone: the package's front door does not export it. */
export function grantApproval(grant: Grant): Approval {
  return new Approval(token, grant);
}

/**
 * The last thing every released effect calls, right before it acts.
 * @throws PlanwardenError APPROVAL_FORGED, APPROVAL_FENCE_PASSED, APPROVAL_SPENT, APPROVAL_EXPIRED, SUBJECT_EXPIRED,
 * PEOPLE_CHANGED, POLICY_CHANGED, TARGET_CHANGED, BREAK_GLASS_OVER or FREEZE
 */
export async function assertFresh(
  approval: Approval,
  fence: number,
  ports: FreshPorts,
  effect: ReleasedEffect,
): Promise<void> {
  const grant = Approval.read(approval);
  if (fence !== grant.fence) throw refused('APPROVAL_FENCE_PASSED', 'the approval belongs to another lease of the run');
  if (grant.releases === 'merge') {
    if (effect !== 'merge') throw refused('APPROVAL_SPENT', 'the apply of this round was released before');
    return assertYoung(grant, (await ports.now()).getTime());
  }
  const [people, bundle, target] = await Promise.all([
    ports.peopleDigest(),
    ports.policyBundleDigest(),
    ports.targetConfigurationDigest(),
  ]);
  if (people !== grant.digests.people) throw refused('PEOPLE_CHANGED', 'people or roles changed since the confirm');
  if (bundle !== grant.digests.policyBundle) throw refused('POLICY_CHANGED', 'the policy changed since the confirm');
  if (target !== grant.digests.targetConfiguration) {
    throw refused('TARGET_CHANGED', "the target's configuration changed since the confirm");
  }
  // Clock and freeze are read last: what the reads above took counts against the 60 seconds.
  const [clock, freeze] = await Promise.all([ports.now(), ports.freeze(grant.subjectDigest)]);
  const now = clock.getTime();
  assertYoung(grant, now);
  if (isExpired(grant.subject, now)) throw refused('SUBJECT_EXPIRED', 'the approval subject has expired');
  const { breakGlass } = grant.tally;
  if (breakGlass !== null && !(now < Date.parse(breakGlass.until))) {
    throw refused('BREAK_GLASS_OVER', 'the time of the broken glass is over');
  }
  if (freeze !== null) throw refused('FREEZE', freezeWords(freeze));
}

/** A freeze as people and agents read it. */
export function freezeWords({ environment, reason, by, until }: Freeze): string {
  const what = environment === null ? 'all applies are' : `applies to ${environment} are`;
  return `${what} frozen${until === null ? '' : ` until ${until}`} by ${by}: ${reason}`;
}

function assertYoung(grant: Grant, now: number): void {
  const age = now - grant.grantedAtMs;
  // A clock that runs backwards is no reason to trust longer.
  if (age >= 0 && age < APPROVAL_LIFETIME_MS) return;
  throw refused('APPROVAL_EXPIRED', 'the approval is older than 60 seconds');
}

/** True when a subject is past its expiry, or its expiry is not a time. */
export function isExpired(subject: Subject, nowMs: number): boolean {
  const expires = Date.parse(subject.expiresAt);
  return !(nowMs < expires);
}

function forged(): PlanwardenError {
  return new PlanwardenError('APPROVAL_FORGED', 'this is not an approval that confirm made', {
    remedy: 'Enter the road again at confirm; an approval cannot be made, copied or kept.',
  });
}

function refused(code: ErrorCode, message: string): PlanwardenError {
  return new PlanwardenError(code, message, { remedy: 'Enter the road again at confirm: everything is read anew.' });
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null && !Object.isFrozen(inner)) deepFreeze(inner);
  }
  return Object.freeze(value);
}
