import { type PasskeyEntry, PlanwardenError } from '@planwarden/contracts';
import { verifyRegistrationResponse } from '@simplewebauthn/server';

/** ES256 and RS256: what authenticators have in common. */
export const PASSKEY_ALGORITHMS: readonly number[] = [-7, -257];

export interface Registration {
  /** Base64url, as everything here. */
  readonly challenge: string;
  readonly credentialId: string;
  readonly attestationObject: string;
  readonly clientDataJson: string;
}

/**
 * Verifies that a passkey was made for this site and this challenge, by a person who was there.
 * @throws PlanwardenError PASSKEY_REFUSED
 */
export async function verifyRegistration(
  { challenge, credentialId, attestationObject, clientDataJson }: Registration,
  site: { readonly rpId: string; readonly origin: string },
): Promise<PasskeyEntry> {
  try {
    const found = await verifyRegistrationResponse({
      response: {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        clientExtensionResults: {},
        response: { attestationObject, clientDataJSON: clientDataJson },
      },
      expectedChallenge: challenge,
      expectedOrigin: site.origin,
      expectedRPID: site.rpId,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...PASSKEY_ALGORITHMS],
    });
    if (found.verified) {
      const { id, publicKey } = found.registrationInfo.credential;
      return { id, publicKey: Buffer.from(publicKey).toString('base64url') };
    }
  } catch {
    // The library's words quote what was sent; ours say enough.
  }
  throw new PlanwardenError('PASSKEY_REFUSED', 'the new passkey does not verify for this page and this challenge', {
    where: { field: 'registration' },
    remedy: 'Begin the enrolment again on the page.',
  });
}
