import { canonicalJson, type Demands, type Person, rolesOf, type Vote } from '@planwarden/contracts';

export interface DemandContext {
  readonly approvals: readonly Vote[];
  /** Persons who could still vote. */
  readonly mayVote: readonly string[];
  readonly people: readonly Person[];
  readonly environment: string;
}

/** What the approvals lack besides their number, in words that name who could give it. */
export function missingDemands(demands: Demands, context: DemandContext): string[] {
  return [...presenceMissing(demands, context), ...rolesMissing(demands, context), ...ownersMissing(demands, context)];
}

/** Whether more is asked now than when the votes were given: less, or the same, keeps them. */
export function asksMore(now: Demands, asked: Demands): boolean {
  if (now.presence > asked.presence) return true;
  if (Object.entries(now.roles).some(([role, count]) => count > (asked.roles[role] ?? 0))) return true;
  const known = new Set(asked.owners.map((entry) => canonicalJson(entry)));
  return now.owners.some((entry) => !known.has(canonicalJson(entry)));
}

function presenceMissing({ presence }: Demands, { approvals, mayVote }: DemandContext): string[] {
  const lacking = presence - approvals.filter((vote) => vote.assurance === 'presence').length;
  if (lacking <= 0) return [];
  // Who approved without may approve again with it.
  const who = [...mayVote, ...approvals.filter((one) => one.assurance !== 'presence').map((one) => one.person ?? '')];
  return [`${lacking} of the approving votes must be given with a passkey (presence); ${whoMay(who)}`];
}

function rolesMissing({ roles }: Demands, { approvals, mayVote, people, environment }: DemandContext): string[] {
  const holders = (role: string) =>
    people.filter((person) => rolesOf(person, environment).includes(role)).map((person) => person.id);
  return Object.entries(roles).flatMap(([role, count]) => {
    const able = holders(role);
    const lacking = count - approvals.filter((vote) => vote.person !== null && able.includes(vote.person)).length;
    if (lacking <= 0) return [];
    const who = whoMay(able.filter((id) => mayVote.includes(id)));
    return [`${lacking} approving ${lacking === 1 ? 'vote' : 'votes'} of the role ${role}; ${who}`];
  });
}

function ownersMissing({ owners }: Demands, { approvals, mayVote }: DemandContext): string[] {
  return owners.flatMap(({ pattern, people, unknown }) => {
    if (approvals.some((vote) => vote.person !== null && people.includes(vote.person))) return [];
    const strangers = unknown.length === 0 ? '' : `; nobody in people: ${unknown.join(', ')}`;
    return [
      `an owner of ${pattern} (CODEOWNERS) has to approve; ${whoMay(people.filter((id) => mayVote.includes(id)))}${strangers}`,
    ];
  });
}

const whoMay = (people: readonly string[]): string =>
  people.length > 0 ? `may vote: ${people.join(', ')}` : 'nobody who could vote is left';
