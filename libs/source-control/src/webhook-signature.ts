import { createHmac, timingSafeEqual } from 'node:crypto';

/** True when `X-Hub-Signature-256` signs exactly these bytes with the secret; compared in constant time. */
export function verifyWebhook(rawBody: Uint8Array, signatureHeader: string | undefined, secret: string): boolean {
  // An empty secret would let anybody sign.
  if (secret === '') return false;
  const expected = Buffer.from(`sha256=${createHmac('sha256', secret).update(rawBody).digest('hex')}`);
  const given = Buffer.from(signatureHeader ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
