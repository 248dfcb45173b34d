import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { PlanwardenError, sha256 } from '@planwarden/contracts';
import { type Migration, runMigrations } from '@planwarden/database';
import type pg from 'pg';

const migrations: readonly Migration[] = [
  {
    name: '0001-plan-files',
    sql: `
      CREATE TABLE terraform_plan_files (
        run text NOT NULL,
        round integer NOT NULL,
        file_digest text NOT NULL,
        -- AES-256-GCM: 12 bytes nonce, 16 bytes tag, then the file. Run and round are bound in.
        sealed bytea NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (run, round)
      );
      CREATE INDEX terraform_plan_files_by_end ON terraform_plan_files (expires_at);
    `,
  },
];

/** Makes or brings up to date the tables of this library. Safe to run twice. */
export const migrateTerraform = (pool: pg.Pool): Promise<unknown> => runMigrations(pool, 'terraform', migrations);

const NONCE = 12;
const TAG = 16;

/** Saved plan files, which hold secrets in clear: kept encrypted, with an end date. */
export class PlanVault {
  readonly #pool: pg.Pool;
  readonly #key: Buffer;

  /** @param key 32 bytes; @throws Error for any other length */
  constructor(pool: pg.Pool, key: Buffer) {
    if (key.length !== 32) throw new Error('the key of the plan vault has 32 bytes');
    this.#pool = pool;
    this.#key = key;
  }

  /** Keeps the file of a round; a repeated step replaces it. What is past its end is removed on the way. */
  async keep(run: string, round: number, planFile: Buffer, expiresAt: Date): Promise<void> {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(bound(run, round));
    const body = Buffer.concat([cipher.update(planFile), cipher.final()]);
    await this.#pool.query('DELETE FROM terraform_plan_files WHERE expires_at < clock_timestamp()');
    await this.#pool.query(
      `INSERT INTO terraform_plan_files (run, round, file_digest, sealed, expires_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (run, round) DO UPDATE SET file_digest = excluded.file_digest, sealed = excluded.sealed,
         expires_at = excluded.expires_at`,
      [run, round, sha256(planFile), Buffer.concat([nonce, cipher.getAuthTag(), body]), expiresAt],
    );
  }

  /**
   * The file of a round; null when there is none or its end is past.
   * @throws PlanwardenError PLAN_FILE_DIFFERS when it was changed, moved to another round or sealed with another key
   */
  async open(run: string, round: number): Promise<Buffer | null> {
    const { rows } = await this.#pool.query<{ sealed: Buffer }>(
      'SELECT sealed FROM terraform_plan_files WHERE run = $1 AND round = $2 AND expires_at >= clock_timestamp()',
      [run, round],
    );
    const sealed = rows[0]?.sealed;
    if (sealed === undefined) return null;
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE))
        .setAAD(bound(run, round))
        .setAuthTag(sealed.subarray(NONCE, NONCE + TAG));
      return Buffer.concat([decipher.update(sealed.subarray(NONCE + TAG)), decipher.final()]);
    } catch {
      throw new PlanwardenError('PLAN_FILE_DIFFERS', 'the kept plan file is not the one that was kept', {
        remedy: 'Nothing was applied. Ask for the change again.',
      });
    }
  }

  /** Forgets the files of a run that has ended. */
  async forget(run: string): Promise<void> {
    await this.#pool.query('DELETE FROM terraform_plan_files WHERE run = $1', [run]);
  }
}

const bound = (run: string, round: number): Buffer => Buffer.from(JSON.stringify([run, round]));
