import { isPasskeyValid, verifyPresence, verifyRegistration } from '@planwarden/approvals';
import {
  type Enrolled,
  type Enrolment,
  type EnrolRequest,
  type PasskeyList,
  type Person,
  PlanwardenError,
} from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';
import type { Site } from './presence.js';

type Passkeys = Pick<ChangeServices, 'passkeys' | 'log'>;

/** A person's passkeys, and how the next one would be enrolled. @param isFirstSession the person's first one ever */
export async function listPasskeys(
  { passkeys }: Passkeys,
  person: Person,
  isFirstSession: boolean,
): Promise<PasskeyList> {
  await passkeys.noteOperators([person]);
  const all = await passkeys.ofPerson(person.id);
  const nextBy = all.some((passkey) => isPasskeyValid(passkey, person))
    ? 'passkey'
    : all.length === 0 && isFirstSession
      ? 'first-sign-in'
      : 'operator';
  return {
    passkeys: all.map((passkey) => ({
      credentialId: passkey.credentialId,
      enrolledBy: passkey.enrolledBy,
      at: passkey.at,
      counts: isPasskeyValid(passkey, person),
    })),
    nextBy,
  };
}

/** What the browser needs to make a passkey; its challenge is good once, for five minutes. */
export async function beginEnrolment({ passkeys }: Passkeys, person: Person, site: Site): Promise<Enrolment> {
  return {
    challenge: await passkeys.newChallenge(person.id),
    rpId: site.rpId,
    user: { id: Buffer.from(person.id).toString('base64url'), name: person.id, displayName: person.name },
    exclude: (await passkeys.ofPerson(person.id)).map((passkey) => passkey.credentialId),
  };
}

/**
 * Enrols a passkey: the first at the first sign-in, a further one with the assertion of one there is. Otherwise nothing is
 * recorded, and the answer says what the operator may write into planwarden.yaml.
 * @throws PlanwardenError PASSKEY_REFUSED, PASSKEY_UNKNOWN, PRESENCE_INVALID, PRESENCE_REPLAYED
 */
export async function enrol(
  services: Passkeys,
  person: Person,
  isFirstSession: boolean,
  site: Site,
  asked: EnrolRequest,
): Promise<Enrolled> {
  const { passkeys, log } = services;
  await passkeys.spendChallenge(person.id, asked.challenge);
  const entry = await verifyRegistration({ challenge: asked.challenge, ...asked.registration }, site);
  const { nextBy } = await listPasskeys(services, person, isFirstSession);
  if (nextBy === 'operator') return { enrolled: false, entry };
  if (nextBy === 'first-sign-in') await passkeys.add({ ...entry, person: person.id }, { kind: 'first-sign-in' });
  else await addFurther(services, person, site, asked, entry);
  log.warn({ person: person.id, by: nextBy }, 'a passkey was enrolled');
  return { enrolled: true, entry };
}

async function addFurther(
  { passkeys }: Passkeys,
  person: Person,
  site: Site,
  { assertion, challenge }: EnrolRequest,
  entry: Enrolled['entry'],
): Promise<void> {
  if (assertion === undefined) {
    throw new PlanwardenError('PASSKEY_REFUSED', 'a further passkey takes the assertion of one you have', {
      where: { field: 'assertion' },
      remedy: 'Use a passkey you have, then the new one.',
    });
  }
  const { publicKey } = await passkeys.valid(assertion.credentialId, person);
  const presence = { ...assertion, publicKey, ...site };
  await passkeys.spend(presence, (await verifyPresence(presence, challenge)).counter);
  await passkeys.add({ ...entry, person: person.id }, { kind: 'passkey', credentialId: assertion.credentialId });
}

/** Takes a passkey of one's own out of use. @throws PlanwardenError PASSKEY_UNKNOWN */
export async function revokePasskey({ passkeys, log }: Passkeys, person: Person, credentialId: string): Promise<void> {
  await passkeys.valid(credentialId, person);
  await passkeys.revoke(credentialId, person.id);
  log.warn({ person: person.id }, 'a passkey was revoked');
}
