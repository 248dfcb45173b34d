import {
  isPlanwardenError,
  type Person,
  PlanwardenError,
  type Presence,
  type UncountedVote,
  type Vote,
} from '@planwarden/contracts';
import type { Passkey, PasskeyStore } from './passkey.repository.js';
import { verifyPresence, voteChallenge } from './presence.js';

/**
 * The passkey behind an assertion, if it counts for a run.
 * @throws PlanwardenError PASSKEY_UNKNOWN, PASSKEY_TOO_NEW
 */
export async function passkeyFor(
  store: Pick<PasskeyStore, 'valid' | 'isOlderThan'>,
  run: string,
  person: Pick<Person, 'id' | 'passkeys'>,
  credentialId: string,
): Promise<Passkey> {
  const passkey = await store.valid(credentialId, person);
  if (await store.isOlderThan(credentialId, run)) return passkey;
  throw new PlanwardenError('PASSKEY_TOO_NEW', 'this passkey was enrolled after the run began to wait', {
    where: { field: 'presence.credentialId' },
    remedy: 'Use an older passkey, or vote with this one on a run that begins later.',
  });
}

/**
 * Verifies every vote that claims presence anew, from what was kept with it, against the passkeys of now. One that does
 * not verify counts for nothing, not even as a lesser vote.
 */
export async function checkPresence(
  store: Pick<PasskeyStore, 'valid' | 'isOlderThan'>,
  run: string,
  votes: readonly Vote[],
  people: readonly Person[],
): Promise<{ readonly votes: Vote[]; readonly uncounted: UncountedVote[] }> {
  const counted: Vote[] = [];
  const uncounted: UncountedVote[] = [];
  for (const vote of votes) {
    const refusal = vote.assurance === 'presence' ? await refusalOf(store, run, vote, people) : null;
    if (refusal) uncounted.push({ vote, ...refusal });
    else counted.push(vote);
  }
  return { votes: counted, uncounted };
}

async function refusalOf(
  store: Pick<PasskeyStore, 'valid' | 'isOlderThan'>,
  run: string,
  vote: Vote,
  people: readonly Person[],
): Promise<{ readonly code: string; readonly message: string } | null> {
  const person = people.find((one) => one.id === vote.person);
  const { presence } = vote;
  if (!person || !presence) return { code: 'PRESENCE_INVALID', message: 'the vote keeps no assertion of a person' };
  try {
    const passkey = await passkeyFor(store, run, person, presence.credentialId);
    await assertSameKey(passkey, presence);
    await verifyPresence(presence, voteChallenge(vote.subjectDigest));
    return null;
  } catch (error) {
    if (!isPlanwardenError(error)) throw error;
    return { code: error.code, message: error.message };
  }
}

async function assertSameKey(passkey: Passkey, presence: Presence): Promise<void> {
  if (passkey.publicKey === presence.publicKey) return;
  throw new PlanwardenError('PRESENCE_INVALID', 'the vote keeps another key than the passkey has', {
    remedy: 'Vote again with your passkey.',
  });
}
