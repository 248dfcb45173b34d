import { passkeyFor, presenceInvalid, verifyPresence } from '@planwarden/approvals';
import type { Assertion, Person, Presence } from '@planwarden/contracts';
import type { ChangeServices } from '../change/change.services.js';

/** Where a page stands, as its server knows it. Browsers make passkeys for names, never for addresses. */
export interface Site {
  readonly rpId: string;
  readonly origin: string;
}

/** @param host the Host header, which was found to be ours @throws PlanwardenError PRESENCE_INVALID for an IP address */
export function siteOf(host: string): Site {
  const { hostname, origin } = new URL(`http://${host}`);
  if (hostname === 'localhost') return { rpId: hostname, origin };
  throw presenceInvalid('a browser takes passkeys for localhost, not for an address; open the page there');
}

/**
 * Verifies an assertion as it comes in and spends it.
 * @returns what is kept beside the vote, complete for whoever verifies it later
 * @throws PlanwardenError PASSKEY_UNKNOWN, PASSKEY_TOO_NEW, PRESENCE_INVALID, PRESENCE_REPLAYED
 */
export async function takePresence(
  { passkeys }: Pick<ChangeServices, 'passkeys'>,
  run: string,
  person: Person,
  site: Site,
  assertion: Assertion,
  challenge: string,
): Promise<Presence> {
  const { publicKey } = await passkeyFor(passkeys, run, person, assertion.credentialId);
  const presence = { ...assertion, publicKey, ...site };
  const { counter } = await verifyPresence(presence, challenge);
  await passkeys.spend(presence, counter);
  return presence;
}
