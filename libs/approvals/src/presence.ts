import { createHash } from 'node:crypto';
import { PlanwardenError, type Presence } from '@planwarden/contracts';
import { verifyAuthenticationResponse } from '@simplewebauthn/server';

/** Challenge of an approving vote: the 32 bytes of the subject digest, base64url. */
export function voteChallenge(subjectDigest: string): string {
  return Buffer.from(subjectDigest.replace(/^sha256:/, ''), 'hex').toString('base64url');
}

/** Challenge of breaking the glass for a subject: another one, so that no vote is taken for it and it for no vote. */
export function breakGlassChallenge(subjectDigest: string): string {
  return createHash('sha256').update(`planwarden/break-glass/1\n${subjectDigest}`).digest('base64url');
}

/**
 * Verifies an assertion by itself: no clock, no store, no network. Whoever holds the record can repeat it.
 * @param challenge base64url; for a vote `voteChallenge` of its subject
 * @returns the authenticator's counter
 * @throws PlanwardenError PRESENCE_INVALID
 */
export async function verifyPresence(presence: Presence, challenge: string): Promise<{ readonly counter: number }> {
  const { credentialId, publicKey, rpId, origin, authenticatorData, clientDataJson, signature } = presence;
  if (!isOriginOf(origin, rpId)) throw presenceInvalid('its origin is not of its relying party');
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: {
        id: credentialId,
        rawId: credentialId,
        type: 'public-key',
        clientExtensionResults: {},
        response: { authenticatorData, clientDataJSON: clientDataJson, signature },
      },
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      expectedType: 'webauthn.get',
      requireUserVerification: true,
      credential: { id: credentialId, publicKey: Buffer.from(publicKey, 'base64url'), counter: 0 },
    });
    if (verified && !isFramed(clientDataJson)) return { counter: authenticationInfo.newCounter };
  } catch {
    // The library's words quote what was sent; ours say enough.
  }
  throw presenceInvalid('it does not verify for this subject, this site and this passkey');
}

/**
 * What no second assertion shares, so that none is taken twice. Of an ECDSA signature its `r`: who turns `s` around, or
 * writes the numbers in another way, gets another signature that verifies as well, and the same `r`.
 * @throws PlanwardenError PRESENCE_INVALID for a signature that is neither ES256 in DER nor RS256
 */
export function useOf({ credentialId, signature }: Pick<Presence, 'credentialId' | 'signature'>): string {
  const bytes = Buffer.from(signature, 'base64url');
  const once = bytes.length >= 256 ? bytes : rOf(bytes);
  return createHash('sha256').update(credentialId).update('\n').update(once).digest('hex');
}

/** SEQUENCE of two INTEGERs and nothing else; the first one without leading zeros. */
function rOf(bytes: Buffer): Buffer {
  const length = bytes[3] ?? 0;
  const isWhole =
    bytes[0] === 0x30 &&
    bytes[1] === bytes.length - 2 &&
    bytes[2] === 0x02 &&
    bytes[4 + length] === 0x02 &&
    (bytes[5 + length] ?? 0) === bytes.length - 6 - length;
  if (!isWhole) throw presenceInvalid('its signature is not in a form we take');
  const r = bytes.subarray(4, 4 + length);
  return r.subarray(
    Math.max(
      0,
      r.findIndex((byte) => byte !== 0),
    ),
  );
}

/** Whether the page stood in a frame of another site: our pages never do, so somebody showed something else around it. */
function isFramed(clientDataJson: string): boolean {
  const said: unknown = JSON.parse(Buffer.from(clientDataJson, 'base64url').toString('utf8'));
  return typeof said === 'object' && said !== null && 'crossOrigin' in said && said.crossOrigin !== false;
}

function isOriginOf(origin: string, rpId: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { hostname, origin: whole } = new URL(origin);
  return whole === origin && (hostname === rpId || hostname.endsWith(`.${rpId}`));
}

export function presenceInvalid(why: string): PlanwardenError {
  return new PlanwardenError('PRESENCE_INVALID', `the passkey's assertion does not count: ${why}`, {
    where: { field: 'presence' },
    remedy: 'Load the page again and use your passkey there; nothing was recorded.',
  });
}
