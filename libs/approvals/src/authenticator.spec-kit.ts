import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
} from 'node:crypto';

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
const sha = (bytes: string | Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** CBOR of the few things an authenticator says: unsigned and negative integers, bytes, text, maps. */
function cbor(value: number | string | Uint8Array | Map<unknown, unknown>): Buffer {
  const head = (major: number, size: number): Buffer =>
    size < 24
      ? Buffer.from([(major << 5) | size])
      : size < 256
        ? Buffer.from([(major << 5) | 24, size])
        : Buffer.from([(major << 5) | 25, size >> 8, size & 255]);
  if (typeof value === 'number') return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Map) {
    return Buffer.concat([
      head(5, value.size),
      ...[...value].flatMap(([key, inner]) => [cbor(key as string), cbor(inner as string)]),
    ]);
  }
  return Buffer.concat([head(2, value.length), value]);
}

export interface Site {
  readonly rpId: string;
  readonly origin: string;
}

/**
 * A passkey in software: an ES256 key that answers as an authenticator and a browser do together, bytes for bytes
 * (WebAuthn Level 3, sections 6.1 and 5.8.1). Flags: present and verified.
 */
export class SoftwarePasskey {
  readonly #key: KeyObject;
  #counter = 0;

  constructor(
    readonly site: Site,
    private readonly counts = true,
    key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    readonly id = b64(randomBytes(32)),
  ) {
    this.#key = createPrivateKey(key.export({ format: 'pem', type: 'pkcs8' }));
  }

  /** The same key in other hands, its counter where it stands now. */
  copy(): SoftwarePasskey {
    const copy = new SoftwarePasskey(this.site, this.counts, this.#key, this.id);
    copy.#counter = this.#counter;
    return copy;
  }

  /** COSE key, base64url. */
  get publicKey(): string {
    const { x = '', y = '' } = createPublicKey(this.#key).export({ format: 'jwk' });
    const map = new Map<number, number | Buffer>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]);
    return b64(cbor(map));
  }

  /** @param flags default: user present and verified, credential data attached */
  register(challenge: string, site: Site = this.site, flags = 0x45) {
    const id = Buffer.from(this.id, 'base64url');
    const authData = Buffer.concat([
      this.authData(site.rpId, flags),
      Buffer.alloc(16),
      Buffer.from([id.length >> 8, id.length & 255]),
      id,
      Buffer.from(this.publicKey, 'base64url'),
    ]);
    const attestation = new Map<string, string | Buffer | Map<unknown, unknown>>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', authData],
    ]);
    return {
      credentialId: this.id,
      attestationObject: b64(cbor(attestation)),
      clientDataJson: b64(this.clientData('webauthn.create', challenge, site.origin)),
    };
  }

  /** @param flags default: user present and verified */
  assert(challenge: string, site: Site = this.site, flags = 0x05, isFramed = false) {
    const clientData = this.clientData('webauthn.get', challenge, site.origin, isFramed);
    const authData = this.authData(site.rpId, flags);
    return {
      credentialId: this.id,
      authenticatorData: b64(authData),
      clientDataJson: b64(clientData),
      signature: b64(sign('sha256', Buffer.concat([authData, sha(clientData)]), this.#key)),
    };
  }

  private authData(rpId: string, flags: number): Buffer {
    this.#counter += this.counts ? 1 : 0;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.#counter);
    return Buffer.concat([sha(rpId), Buffer.from([flags]), counter]);
  }

  private clientData(type: string, challenge: string, origin: string, crossOrigin = false): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin }));
  }
}

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The other signature that verifies: `s` turned around. */
export function turnedAround(signature: string): string {
  const bytes = Buffer.from(signature, 'base64url');
  const rLength = bytes[3] ?? 0;
  const r = bytes.subarray(4, 4 + rLength);
  const s = BigInt(`0x${bytes.subarray(6 + rLength).toString('hex')}`);
  const hex = (ORDER - s).toString(16).padStart(64, '0');
  const other = Buffer.from(hex, 'hex');
  const whole = (other[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), other]) : other;
  const body = Buffer.concat([Buffer.from([2, r.length]), r, Buffer.from([2, whole.length]), whole]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64url');
}
