import type { Vote } from '@planwarden/contracts';
import type pg from 'pg';

interface Row {
  reference: string;
  subject_digest: string;
  github_id: string;
  road: Vote['road'];
  reason: string;
  at: Date;
}

/**
 * Rejects that were read at GitHub, in an append-only table: whoever may write to a repository may delete the comments of
 * others, and GitHub then tells nothing of what was in them.
 */
export class SeenRejectStore {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /**
   * Keeps the rejects among these votes of one round that were not seen before.
   * @returns every reject of the round that was ever seen, in no order; whose it is is told by `githubId` alone
   */
  async keep(run: string, round: number, votes: readonly Vote[]): Promise<Vote[]> {
    const seen = await this.#list(run, round);
    const isKnown = ({ reference }: Vote): boolean => seen.some((one) => one.reference === reference);
    const fresh = votes.filter((vote) => vote.decision === 'reject' && vote.githubId !== null && !isKnown(vote));
    for (const vote of fresh) {
      await this.#pool.query(
        `INSERT INTO seen_rejects (run, round, reference, subject_digest, github_id, road, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
        [run, round, vote.reference, vote.subjectDigest, vote.githubId, vote.road, vote.reason, vote.at],
      );
    }
    return [...seen, ...fresh.map((vote) => ({ ...vote, person: null }))];
  }

  async #list(run: string, round: number): Promise<Vote[]> {
    const { rows } = await this.#pool.query<Row>(
      `SELECT reference, subject_digest, github_id, road, reason, at FROM seen_rejects WHERE run = $1 AND round = $2`,
      [run, round],
    );
    return rows.map((row) => ({
      subjectDigest: row.subject_digest,
      decision: 'reject',
      person: null,
      githubId: Number(row.github_id),
      road: row.road,
      reference: row.reference,
      reason: row.reason,
      at: row.at.toISOString(),
      assurance: 'account',
    }));
  }
}
