import type { Assertion, Enrolment, EnrolRequest } from '@planwarden/contracts';
import { browserSupportsWebAuthn, startAuthentication, startRegistration } from '@simplewebauthn/browser';

/** ES256 and RS256, as the server takes them. */
const ALGORITHMS = [-7, -257];

/** Why passkeys do not work on this page, in words; null where they do. Browsers take them for names, not for addresses. */
export function passkeysRefusal(): string | null {
  if (!browserSupportsWebAuthn()) return 'this browser takes no passkeys here';
  return window.location.hostname === 'localhost' ? null : 'passkeys work only where the page is opened on localhost';
}

/** Asks the person to use one of these passkeys. @param challenge base64url */
export async function assertPresence(challenge: string, credentials: readonly string[]): Promise<Assertion> {
  const { id, response } = await startAuthentication({
    optionsJSON: {
      challenge,
      rpId: window.location.hostname,
      userVerification: 'required',
      allowCredentials: credentials.map((credential) => ({ id: credential, type: 'public-key' })),
    },
  });
  return {
    credentialId: id,
    authenticatorData: response.authenticatorData,
    clientDataJson: response.clientDataJSON,
    signature: response.signature,
  };
}

/** Asks the person to make a passkey. */
export async function makePasskey(enrolment: Enrolment): Promise<EnrolRequest['registration']> {
  const { id, response } = await startRegistration({
    optionsJSON: {
      challenge: enrolment.challenge,
      rp: { id: enrolment.rpId, name: 'Planwarden' },
      user: enrolment.user,
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ alg, type: 'public-key' })),
      attestation: 'none',
      excludeCredentials: enrolment.exclude.map((id) => ({ id, type: 'public-key' })),
      authenticatorSelection: { userVerification: 'required', residentKey: 'preferred' },
    },
  });
  return { credentialId: id, attestationObject: response.attestationObject, clientDataJson: response.clientDataJSON };
}
