import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PlanwardenError } from '@planwarden/contracts';
import type { Pool } from 'pg';

/** Minutes for which a sign-in link may be used, once. */
export const LINK_MINUTES = 15;
/** Hours after which a session ends. */
export const SESSION_HOURS = 12;

export const identityMigrations = [
  {
    name: '0001-sessions',
    sql: `
      CREATE TABLE sign_in_links (
        token_hash text PRIMARY KEY,
        person text NOT NULL,
        expires_at timestamptz NOT NULL,
        used_at timestamptz
      );
      CREATE TABLE sessions (
        token_hash text PRIMARY KEY,
        person text NOT NULL,
        csrf_token text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        expires_at timestamptz NOT NULL,
        ended_at timestamptz
      );`,
  },
] as const;

export interface Session {
  readonly person: string;
  readonly csrfToken: string;
  /** The person's first one ever: in it a first passkey may be enrolled. */
  readonly isFirst: boolean;
}

/** One-time sign-in links and the sessions they open. Only hashes of tokens are stored. */
export class SessionStore {
  constructor(private readonly pool: Pool) {}

  /** Makes a link token for a person; it works once, within LINK_MINUTES. */
  async createLink(person: string): Promise<string> {
    const token = newToken();
    await this.pool.query(
      `INSERT INTO sign_in_links (token_hash, person, expires_at)
       VALUES ($1, $2, clock_timestamp() + make_interval(mins => $3))`,
      [hash(token), person, LINK_MINUTES],
    );
    return token;
  }

  /**
   * Spends a link and opens a session.
   * @returns the session token for the cookie
   * @throws PlanwardenError SIGN_IN_LINK_INVALID when the link is unknown, spent or too old
   */
  async signIn(linkToken: string): Promise<string> {
    const spent = await this.pool.query<{ person: string }>(
      `UPDATE sign_in_links SET used_at = clock_timestamp()
       WHERE token_hash = $1 AND used_at IS NULL AND expires_at > clock_timestamp() RETURNING person`,
      [hash(linkToken)],
    );
    const person = spent.rows[0]?.person;
    if (person === undefined) {
      throw new PlanwardenError(
        'SIGN_IN_LINK_INVALID',
        'this sign-in link is unknown, was used before, or is too old',
        {
          remedy: 'Ask for a new one: npm exec -- planwarden sign-in <person>',
        },
      );
    }
    const token = newToken();
    await this.pool.query(
      `INSERT INTO sessions (token_hash, person, csrf_token, expires_at)
       VALUES ($1, $2, $3, clock_timestamp() + make_interval(hours => $4))`,
      [hash(token), person, newToken(), SESSION_HOURS],
    );
    return token;
  }

  /** The session of a cookie's token, or undefined when there is none (any more). */
  async find(token: string): Promise<Session | undefined> {
    const found = await this.pool.query<{ person: string; csrf_token: string; is_first: boolean }>(
      `SELECT person, csrf_token, NOT EXISTS (
          SELECT 1 FROM sessions before WHERE before.person = sessions.person AND before.created_at < sessions.created_at
        ) AS is_first
       FROM sessions WHERE token_hash = $1 AND ended_at IS NULL AND expires_at > clock_timestamp()`,
      [hash(token)],
    );
    const row = found.rows[0];
    return row && { person: row.person, csrfToken: row.csrf_token, isFirst: row.is_first };
  }

  async end(token: string): Promise<void> {
    await this.pool.query(
      'UPDATE sessions SET ended_at = clock_timestamp() WHERE token_hash = $1 AND ended_at IS NULL',
      [hash(token)],
    );
  }
}

/** Compares two secrets in constant time, whatever their lengths. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}

/** Compares two digests in constant time: nothing hangs on their length. */
export const sameDigest = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

const newToken = (): string => randomBytes(32).toString('base64url');
const hash = (token: string): string => createHash('sha256').update(token).digest('hex');
