import { type Freeze, newId, PlanwardenError } from '@planwarden/contracts';
import type pg from 'pg';

export interface NewFreeze {
  /** Null: every environment. */
  readonly environment: string | null;
  readonly reason: string;
  readonly by: string;
  /** RFC 3339; null: now. */
  readonly from: string | null;
  /** RFC 3339; null: until it is lifted. */
  readonly until: string | null;
}

interface Row {
  id: string;
  environment: string | null;
  reason: string;
  by_person: string;
  at: Date;
  starts_at: Date;
  ends_at: Date | null;
  lifted_by: string | null;
  lifted_reason: string | null;
  lifted_at: Date | null;
  active: boolean;
}

const FREEZES = `
  SELECT f.*, l.by_person AS lifted_by, l.reason AS lifted_reason, l.at AS lifted_at,
         l.at IS NULL AND f.starts_at <= clock_timestamp() AND (f.ends_at IS NULL OR clock_timestamp() < f.ends_at)
           AS active
    FROM freezes f LEFT JOIN freeze_lifts l ON l.freeze_id = f.id`;

/** Freezes and their lifting, append-only. All times are the database's. */
export class FreezeStore {
  constructor(private readonly pool: pg.Pool) {}

  /** Begins a freeze. @throws PlanwardenError INPUT_INVALID for a window that is over or ends before it begins */
  async freeze({ environment, reason, by, from, until }: NewFreeze): Promise<Freeze> {
    const id = newId('frz');
    const added = await this.pool.query(
      `INSERT INTO freezes (id, environment, reason, by_person, starts_at, ends_at)
       SELECT $1, $2, $3, $4, COALESCE($5::timestamptz, clock_timestamp()), $6::timestamptz
        WHERE $6::timestamptz IS NULL
           OR $6::timestamptz > GREATEST(COALESCE($5::timestamptz, clock_timestamp()), clock_timestamp())`,
      [id, environment, reason, by, from, until],
    );
    if (added.rowCount === 1) return this.find(id);
    throw new PlanwardenError('INPUT_INVALID', 'the window is over, or ends before it begins', {
      where: { field: 'until' },
      remedy: 'Give an end that is still to come, or none.',
    });
  }

  /** Lifts a freeze; lifting it again changes nothing. @throws PlanwardenError FREEZE_UNKNOWN */
  async lift(id: string, by: string, reason: string): Promise<Freeze> {
    await this.find(id);
    await this.pool.query(
      'INSERT INTO freeze_lifts (freeze_id, by_person, reason) VALUES ($1, $2, $3) ON CONFLICT (freeze_id) DO NOTHING',
      [id, by, reason],
    );
    return this.find(id);
  }

  /** @throws PlanwardenError FREEZE_UNKNOWN */
  async find(id: string): Promise<Freeze> {
    const found = await this.pool.query<Row>(`${FREEZES} WHERE f.id = $1`, [id]);
    const row = found.rows[0];
    if (row) return freezeOf(row);
    throw new PlanwardenError('FREEZE_UNKNOWN', 'there is no freeze with this id', {
      where: { field: 'id' },
      remedy: 'List the freezes to see the ids there are.',
    });
  }

  /** Newest first. */
  async list(limit = 100): Promise<Freeze[]> {
    const found = await this.pool.query<Row>(`${FREEZES} ORDER BY f.position DESC LIMIT $1`, [limit]);
    return found.rows.map(freezeOf);
  }

  /** The freeze that stops applies to an environment now: the one that lasts longest. */
  async stopping(environment: string): Promise<Freeze | null> {
    const found = await this.pool.query<Row>(
      `SELECT * FROM (${FREEZES} WHERE f.environment IS NULL OR f.environment = $1) AS frozen
        WHERE active ORDER BY ends_at DESC NULLS FIRST, position LIMIT 1`,
      [environment],
    );
    return found.rows[0] ? freezeOf(found.rows[0]) : null;
  }
}

function freezeOf(row: Row): Freeze {
  return {
    id: row.id,
    environment: row.environment,
    reason: row.reason,
    by: row.by_person,
    at: row.at.toISOString(),
    from: row.starts_at.toISOString(),
    until: row.ends_at?.toISOString() ?? null,
    lifted:
      row.lifted_at === null
        ? null
        : { by: row.lifted_by ?? '', reason: row.lifted_reason ?? '', at: row.lifted_at.toISOString() },
    active: row.active,
  };
}
