import type { Assurance, Vote } from '@planwarden/contracts';

/** What GitHub's clock and the database's may differ by: within it nobody can tell which of two votes came last. */
const CLOCKS_APART_MS = 300_000;

/** `account` and `session` are equal; `presence` is above both. */
export const ASSURANCE_RANK: Record<Assurance, number> = { account: 0, session: 0, presence: 1 };

export interface Standing {
  readonly standing: Vote;
  /** Approvals that may or may not have come after the reject that stands. */
  readonly unclear: readonly Vote[];
}

/**
 * The last vote of a person; of approvals given since the last reject, the one with the best assurance. A reject gives way
 * only to an approval that surely came after it.
 * @param votes of one person, those of each road in the order in which its source has them
 */
export function standingVote(votes: readonly Vote[]): Standing {
  const sorted = [...votes].sort(inTime);
  const [approvals, rejects] = [sorted.filter(isApproval), sorted.filter((vote) => !isApproval(vote))];
  const after = (approval: Vote, reject: Vote) => isSurelyAfter(approval, reject, votes);
  const counting = approvals.filter((approval) => rejects.every((reject) => after(approval, reject)));
  const [first, ...others] = counting;
  if (first === undefined) {
    const unclear = (approval: Vote) => rejects.every((reject) => after(approval, reject) || !after(reject, approval));
    return { standing: rejects.at(-1) as Vote, unclear: approvals.filter(unclear) };
  }
  const standing = others.reduce(
    (best, vote) => (ASSURANCE_RANK[best.assurance] > ASSURANCE_RANK[vote.assurance] ? best : vote),
    first,
  );
  return { standing, unclear: [] };
}

export const isApproval = ({ decision }: Vote): boolean => decision === 'approve';
const inTime = (a: Vote, b: Vote): number => Date.parse(a.at) - Date.parse(b.at);

/** Of one road the source tells the order; of two the clocks do, as far as they can be trusted. */
function isSurelyAfter(later: Vote, earlier: Vote, votes: readonly Vote[]): boolean {
  const apart = inTime(later, earlier);
  if (later.road !== earlier.road) return apart > (isOfGitHub(later) === isOfGitHub(earlier) ? 0 : CLOCKS_APART_MS);
  return apart > 0 || (apart === 0 && votes.indexOf(later) > votes.indexOf(earlier));
}

const isOfGitHub = ({ road }: Vote): boolean => road !== 'web';
