import { createHash } from 'node:crypto';
import canonicalizeModule from 'canonicalize';

// The package is CommonJS with a default export only; under NodeNext its type is the module object.
const canonicalize = canonicalizeModule as unknown as (input: unknown) => string | undefined;

/**
 * Canonical JSON of a value (RFC 8785).
 * @throws TypeError when the value has no JSON form (undefined, a function).
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('canonicalJson: the value has no JSON form');
  return text;
}

/** `sha256:` and 64 lower-case hex digits over the UTF-8 bytes of a text, or over the bytes given. */
export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

/** Digest of the canonical JSON of a value. */
export function digestOf(value: unknown): Digest {
  return sha256(canonicalJson(value));
}

export type Digest = `sha256:${string}`;
