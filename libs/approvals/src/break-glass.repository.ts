import { type BreakGlass, newId, type Presence } from '@planwarden/contracts';
import type pg from 'pg';
import { subjectChanged } from './vote.repository.js';

export interface NewBreakGlass {
  readonly run: string;
  readonly round: number;
  /** The digest the page showed. */
  readonly subjectDigest: string;
  readonly person: string;
  readonly reason: string;
  readonly minutes: number;
  readonly presence: Presence | null;
}

interface Row {
  id: string;
  run: string;
  subject_digest: string;
  person: string;
  reason: string;
  assurance: 'session' | 'presence';
  at: Date;
  until: Date;
}

const COLUMNS = 'id, run, subject_digest, person, reason, assurance, at, until';

/** Exceptions of persons, each for one subject and a time; append-only. */
export class BreakGlassStore {
  constructor(private readonly pool: pg.Pool) {}

  /** @throws PlanwardenError SUBJECT_CHANGED when the page showed another subject than this round's */
  async add(glass: NewBreakGlass): Promise<BreakGlass> {
    const added = await this.pool.query<Row>(
      `INSERT INTO break_glass (id, run, round, subject_digest, person, reason, assurance, presence, until)
       SELECT $1, s.run, s.round, s.digest, $5, $6, $7, $8, clock_timestamp() + make_interval(mins => $9)
         FROM subjects s
        WHERE s.run = $2 AND s.round = $3 AND s.digest = $4
          AND NOT EXISTS (SELECT 1 FROM subjects later WHERE later.run = s.run AND later.round > s.round)
       RETURNING ${COLUMNS}`,
      [
        newId('glass'),
        glass.run,
        glass.round,
        glass.subjectDigest,
        glass.person,
        glass.reason,
        glass.presence === null ? 'session' : 'presence',
        glass.presence === null ? null : JSON.stringify(glass.presence),
        glass.minutes,
      ],
    );
    if (added.rows[0]) return glassOf(added.rows[0]);
    throw subjectChanged();
  }

  /** What runs for a subject now: the one that lasts longest. */
  async running(subjectDigest: string): Promise<BreakGlass | null> {
    const found = await this.pool.query<Row>(
      `SELECT ${COLUMNS} FROM break_glass WHERE subject_digest = $1 AND until > clock_timestamp()
        ORDER BY until DESC LIMIT 1`,
      [subjectDigest],
    );
    return found.rows[0] ? glassOf(found.rows[0]) : null;
  }

  /** Everything that runs now, and how a run was ever excepted. */
  async list(run?: string): Promise<BreakGlass[]> {
    const found = await this.pool.query<Row>(
      `SELECT ${COLUMNS} FROM break_glass
        WHERE ($1::text IS NULL AND until > clock_timestamp()) OR run = $1 ORDER BY at`,
      [run ?? null],
    );
    return found.rows.map(glassOf);
  }
}

function glassOf(row: Row): BreakGlass {
  return {
    id: row.id,
    run: row.run,
    subjectDigest: row.subject_digest,
    by: row.person,
    reason: row.reason,
    at: row.at.toISOString(),
    until: row.until.toISOString(),
    assurance: row.assurance,
  };
}
