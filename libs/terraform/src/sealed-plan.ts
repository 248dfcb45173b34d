import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { PlanwardenError } from '@planwarden/contracts';
import { unzipSync } from 'fflate';
import { z } from 'zod';
import { SEALED_PLAN } from './workflow-names.js';

/** A pair of X25519 keys as text: DER in base64. */
export interface SealingKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

const FORMAT = 'sealed-plan/1';
const [NONCE, TAG] = [12, 16];
const MOST_BYTES = 256 * 1024 * 1024;
const headerSchema = z.strictObject({
  format: z.literal(FORMAT),
  /** The key of the body for each recipient: their share of a key agreement, and the key sealed with what it gave. */
  keys: z.array(z.strictObject({ share: z.string(), sealed: z.string() })).min(1),
});

/** A new pair for whoever may open sealed plans. */
export function newSealingKeys(): SealingKeys {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  };
}

/**
 * Seals a plan file for each of the recipients. Whoever seals needs no secret: a job that plans could not keep one from
 * the code that a plan runs.
 * @param publicKeys base64 of SPKI DER; @param about what the plan belongs to, bound in
 * @throws PlanwardenError CONFIG_INVALID for what is no such key
 */
export function sealPlan(planFile: Buffer, publicKeys: readonly string[], about: string): Buffer {
  const key = randomBytes(32);
  const keys = publicKeys.map((text) => {
    const own = generateKeyPairSync('x25519');
    const share = own.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    const agreed = agreement(own.privateKey, recipient(text), share);
    return { share, sealed: encrypt(agreed, key, about).toString('base64') };
  });
  const header = JSON.stringify(headerSchema.parse({ format: FORMAT, keys }));
  return Buffer.concat([Buffer.from(`${header}\n`), encrypt(key, planFile, `${about}\n${header}`)]);
}

/**
 * Opens a sealed plan file.
 * @throws PlanwardenError PLAN_FILE_DIFFERS when it was changed, belongs to something else or was sealed for others
 */
export function openSealedPlan(sealed: Buffer, privateKey: string, about: string): Buffer {
  try {
    const end = sealed.indexOf('\n');
    const header = sealed.subarray(0, end).toString('utf8');
    const own = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), type: 'pkcs8', format: 'der' });
    for (const { share, sealed: wrapped } of headerSchema.parse(JSON.parse(header)).keys) {
      const key = openOne(agreement(own, recipient(share), share), Buffer.from(wrapped, 'base64'), about);
      if (key !== undefined) return decrypt(key, sealed.subarray(end + 1), `${about}\n${header}`);
    }
  } catch {
    // Told below, without what was read.
  }
  throw new PlanwardenError('PLAN_FILE_DIFFERS', 'the sealed plan cannot be opened: it is another one, or not for us', {
    remedy: 'Nothing was applied. Ask for the change again.',
  });
}

/**
 * Opens the sealed plan in the zip of an artifact.
 * @throws PlanwardenError PLAN_FILE_DIFFERS as `openSealedPlan`, and when the zip holds none
 */
export function openArtifact(zip: Uint8Array, privateKey: string, about: string): Buffer {
  let sealed: Uint8Array | undefined;
  try {
    sealed = unzipSync(zip, {
      filter: ({ name, originalSize }) => name === SEALED_PLAN && originalSize <= MOST_BYTES,
    })[SEALED_PLAN];
  } catch {
    // What is no zip holds no plan.
  }
  return openSealedPlan(Buffer.from(sealed ?? []), privateKey, about);
}

function openOne(key: Buffer, wrapped: Buffer, about: string): Buffer | undefined {
  try {
    return decrypt(key, wrapped, about);
  } catch {
    return undefined;
  }
}

function recipient(text: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(text, 'base64'), type: 'spki', format: 'der' });
    if (key.asymmetricKeyType === 'x25519') return key;
  } catch {
    // Told below.
  }
  throw new PlanwardenError('CONFIG_INVALID', 'a key that plans are sealed with is no X25519 public key', {
    remedy: 'Set the variables of the environment again.',
  });
}

function agreement(privateKey: KeyObject, publicKey: KeyObject, share: string): Buffer {
  const secret = diffieHellman({ privateKey, publicKey });
  return Buffer.from(hkdfSync('sha256', secret, Buffer.from(share), `planwarden ${FORMAT}`, 32));
}

function encrypt(key: Buffer, content: Buffer, about: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(about));
  const body = Buffer.concat([cipher.update(content), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), body]);
}

function decrypt(key: Buffer, sealed: Buffer, about: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(Buffer.from(about))
    .setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
}
