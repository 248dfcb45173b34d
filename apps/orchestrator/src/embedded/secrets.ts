import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSealingKeys } from '@planwarden/terraform';
import { z } from 'zod';

const keyPair = z.strictObject({ publicKey: z.string(), privateKey: z.string() });
const secretsSchema = z.strictObject({
  operatorToken: z.string().min(32),
  webhookSecret: z.string().min(32),
  /** Installation token of the author App at the sandbox. */
  authorToken: z.string(),
  releaseKey: keyPair,
  /** Personal tokens of the people at the sandbox GitHub, by login. */
  people: z.record(z.string(), z.string()),
  cluster: z.strictObject({ reader: z.string(), dryRun: z.string(), argocd: z.string() }),
  gitReader: z.string(),
  /** Seals saved plan files; installations older than it get one at their next start. */
  planKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .default(() => randomBytes(32).toString('hex')),
  /** With which workflows seal plans: for the installation, and for the jobs that apply. */
  sealing: keyPair.default(newSealingKeys),
  applySealing: keyPair.default(newSealingKeys),
});
export type EmbeddedSecrets = z.infer<typeof secretsSchema>;

/** Secrets of the embedded counterparts: made on the first start, kept in the data folder, mode 0600. */
export function embeddedSecrets(dataFolder: string, logins: readonly string[]): EmbeddedSecrets {
  const file = join(dataFolder, 'secrets.json');
  const known = existsSync(file) ? secretsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
  const before = known?.people ?? {};
  const people = Object.fromEntries(logins.map((login) => [login, before[login] ?? `ghp_${random()}`]));
  const secrets: EmbeddedSecrets = known
    ? { ...known, people: { ...before, ...people } }
    : {
        operatorToken: `pwo_${random()}`,
        webhookSecret: random(),
        authorToken: `ghs_${random()}`,
        releaseKey: newKey(),
        people,
        cluster: { reader: random(), dryRun: random(), argocd: random() },
        gitReader: `ghp_${random()}`,
        planKey: randomBytes(32).toString('hex'),
        sealing: newSealingKeys(),
        applySealing: newSealingKeys(),
      };
  // Renamed into place: a crash leaves the old file or the new one.
  writeFileSync(`${file}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return secrets;
}

const random = (): string => randomBytes(24).toString('hex');

function newKey(): { publicKey: string; privateKey: string } {
  return generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
}
