import { PlanwardenError } from '@planwarden/contracts';
import type pg from 'pg';
import { type BuiltSubject, buildSubject, type SubjectParts } from './subject.js';

export interface StoredSubject {
  readonly json: string;
  readonly digest: string;
}

/** The subjects of all rounds, append-only. What is read back is not trusted: confirm hashes and compares it. */
export class SubjectStore {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /**
   * Stores the subject of a round. The same subject again is no error (a repeated step).
   * @throws PlanwardenError SUBJECT_CHANGED when the round already has another one
   */
  async store(parts: SubjectParts, client: Pick<pg.Pool, 'query'> = this.#pool): Promise<BuiltSubject> {
    const built = buildSubject(parts);
    await client.query(
      'INSERT INTO subjects (run, round, digest, body) VALUES ($1, $2, $3, $4) ON CONFLICT (run, round) DO NOTHING',
      [parts.run, parts.round, built.digest, built.json],
    );
    const kept = await this.find(parts.run, parts.round, client);
    if (kept?.digest === built.digest && kept.json === built.json) return built;
    throw new PlanwardenError('SUBJECT_CHANGED', 'this round already has another approval subject', {
      remedy: 'Start a new round: a subject is never replaced.',
    });
  }

  async find(run: string, round: number, client: Pick<pg.Pool, 'query'> = this.#pool): Promise<StoredSubject | null> {
    const found = await client.query<{ body: string; digest: string }>(
      'SELECT body, digest FROM subjects WHERE run = $1 AND round = $2',
      [run, round],
    );
    const row = found.rows[0];
    return row ? { json: row.body, digest: row.digest } : null;
  }

  /** Digests of the rounds before this one: to tell an old vote from a strange one. */
  async earlierDigests(run: string, round: number): Promise<string[]> {
    const found = await this.#pool.query<{ digest: string }>(
      'SELECT digest FROM subjects WHERE run = $1 AND round < $2 ORDER BY round',
      [run, round],
    );
    return found.rows.map((row) => row.digest);
  }
}
