import { newId, PlanwardenError, type Presence, presenceSchema, type Vote } from '@planwarden/contracts';
import type pg from 'pg';

export interface WebVote {
  readonly run: string;
  readonly round: number;
  /** The digest the page showed. */
  readonly subjectDigest: string;
  readonly decision: Vote['decision'];
  readonly person: { readonly id: string; readonly githubId: number | null };
  readonly reason: string;
  /** A verified assertion; then the vote is one of presence. */
  readonly presence?: Presence;
}

interface Row {
  id: string;
  subject_digest: string;
  decision: Vote['decision'];
  person: string;
  github_id: string | null;
  reason: string;
  assurance: 'session' | 'presence';
  at: Date;
  presence: unknown;
}

const COLUMNS = 'id, subject_digest, decision, person, github_id, reason, assurance, at, presence';

/** Votes of the web and REST road: an append-only table; a change of mind is one more row. */
export class VoteStore {
  readonly #pool: pg.Pool;

  constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  /**
   * Appends a vote of a signed-in person, dated by the database's clock, though never before a vote cast earlier: a clock
   * that was set back turns no order around. Whether it counts is the tally's to say.
   * @throws PlanwardenError SUBJECT_CHANGED (409) when the page showed another subject than this round's
   */
  async cast(vote: WebVote, client: Pick<pg.Pool, 'query'> = this.#pool): Promise<Vote> {
    // One statement: the digest is compared with the stored subject in the moment of writing.
    const added = await client.query<Row>(
      `INSERT INTO web_votes (id, run, round, subject_digest, decision, person, github_id, reason, assurance, presence, at)
       SELECT $1, s.run, s.round, s.digest, $5, $6, $7, $8, $9, $10,
              GREATEST(clock_timestamp(), (SELECT max(at) FROM web_votes WHERE run = $2 AND round = $3))
         FROM subjects s
        WHERE s.run = $2 AND s.round = $3 AND s.digest = $4
          AND NOT EXISTS (SELECT 1 FROM subjects later WHERE later.run = s.run AND later.round > s.round)
       RETURNING ${COLUMNS}`,
      [
        newId('vote'),
        vote.run,
        vote.round,
        vote.subjectDigest,
        vote.decision,
        vote.person.id,
        vote.person.githubId,
        vote.reason,
        vote.presence ? 'presence' : 'session',
        vote.presence ? JSON.stringify(vote.presence) : null,
      ],
    );
    const row = added.rows[0];
    if (row) return voteOf(row);
    throw subjectChanged();
  }

  /** Every vote of a round, oldest first. */
  async list(run: string, round: number): Promise<Vote[]> {
    const found = await this.#pool.query<Row>(
      `SELECT ${COLUMNS} FROM web_votes WHERE run = $1 AND round = $2 ORDER BY position`,
      [run, round],
    );
    return found.rows.map(voteOf);
  }
}

function voteOf(row: Row): Vote {
  return {
    subjectDigest: row.subject_digest,
    decision: row.decision,
    person: row.person,
    githubId: row.github_id === null ? null : Number(row.github_id),
    road: 'web',
    reference: row.id,
    reason: row.reason,
    at: row.at.toISOString(),
    assurance: row.assurance,
    ...(row.presence === null ? {} : { presence: presenceSchema.parse(row.presence) }),
  };
}

export function subjectChanged(): PlanwardenError {
  return new PlanwardenError('SUBJECT_CHANGED', 'the page showed another subject than the one now asked about', {
    where: { field: 'subjectDigest' },
    remedy: 'Load the run again, read what changed, then vote.',
  });
}
