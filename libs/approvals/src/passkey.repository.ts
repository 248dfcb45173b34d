import { createHash, randomBytes } from 'node:crypto';
import { type PasskeyEntry, type Person, PlanwardenError, type Presence } from '@planwarden/contracts';
import type pg from 'pg';
import { presenceInvalid, useOf } from './presence.js';

export interface Passkey {
  readonly credentialId: string;
  readonly person: string;
  /** COSE key, base64url. */
  readonly publicKey: string;
  readonly enrolledBy: 'operator' | 'first-sign-in' | 'passkey';
  /** The passkey that vouched for this one. */
  readonly byCredential: string | null;
  readonly at: string;
  readonly revoked: boolean;
}

interface Row {
  credential_id: string;
  person: string;
  public_key: string;
  enrolled_by: Passkey['enrolledBy'];
  by_credential: string | null;
  at: Date;
  revoked: boolean;
}

const PASSKEYS = `
  SELECT p.*, r.credential_id IS NOT NULL AS revoked
    FROM passkeys p LEFT JOIN passkey_revocations r USING (credential_id)`;
const CHALLENGE_MINUTES = 5;

/** Passkeys of people: when each was first seen, who vouched for it, and every use. Append-only. */
export class PasskeyStore {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Notes passkeys of the operator's file that are new to us, with the time: one does not count for runs that waited
   * before. Called before a subject is made and where passkeys are listed.
   */
  async noteOperators(people: readonly Pick<Person, 'id' | 'passkeys'>[]): Promise<void> {
    for (const { id, passkeys = [] } of people) {
      for (const entry of passkeys) {
        await this.pool.query(
          `INSERT INTO passkeys (credential_id, person, public_key, enrolled_by) VALUES ($1, $2, $3, 'operator')
           ON CONFLICT (credential_id) DO NOTHING`,
          [entry.id, id, entry.publicKey],
        );
      }
    }
  }

  /** Everything ever enrolled for a person, revoked ones too. */
  async ofPerson(person: string): Promise<Passkey[]> {
    const found = await this.pool.query<Row>(`${PASSKEYS} WHERE p.person = $1 ORDER BY p.at`, [person]);
    return found.rows.map(passkeyOf);
  }

  /**
   * The passkey of a person that counts now: not revoked, the person's own, and where the operator wrote it, still
   * written so.
   * @throws PlanwardenError PASSKEY_UNKNOWN
   */
  async valid(credentialId: string, person: Pick<Person, 'id' | 'passkeys'>): Promise<Passkey> {
    const found = await this.pool.query<Row>(`${PASSKEYS} WHERE p.credential_id = $1`, [credentialId]);
    const passkey = found.rows[0] && passkeyOf(found.rows[0]);
    if (passkey && isPasskeyValid(passkey, person)) return passkey;
    throw new PlanwardenError('PASSKEY_UNKNOWN', 'this passkey is not one of yours that counts', {
      where: { field: 'presence.credentialId' },
      remedy: 'Use a passkey that you enrolled and that nobody revoked.',
    });
  }

  /** Enrols one. @throws PlanwardenError PASSKEY_REFUSED when the credential is known already */
  async add(
    entry: PasskeyEntry & { readonly person: string },
    by: { readonly kind: 'first-sign-in' } | { readonly kind: 'passkey'; readonly credentialId: string },
  ): Promise<void> {
    // A first one goes in only where there never was one: two windows at once do not make two.
    const added = await this.pool.query(
      `INSERT INTO passkeys (credential_id, person, public_key, enrolled_by, by_credential)
       SELECT $1, $2, $3, $4, $5
        WHERE $4 = 'passkey' OR NOT EXISTS (SELECT 1 FROM passkeys WHERE person = $2)
       ON CONFLICT (credential_id) DO NOTHING`,
      [entry.id, entry.person, entry.publicKey, by.kind, by.kind === 'passkey' ? by.credentialId : null],
    );
    if (added.rowCount === 1) return;
    throw new PlanwardenError('PASSKEY_REFUSED', 'this passkey is known already, or it is not your first one', {
      where: { field: 'registration' },
      remedy: 'Enrol a further passkey with the assertion of one you have.',
    });
  }

  async revoke(credentialId: string, by: string): Promise<void> {
    await this.pool.query(
      'INSERT INTO passkey_revocations (credential_id, by_person) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [credentialId, by],
    );
  }

  /**
   * Spends an assertion that verified: each once, and never with a counter that went back.
   * @throws PlanwardenError PRESENCE_REPLAYED, PRESENCE_INVALID
   */
  async spend(presence: Presence, counter: number, client: Pick<pg.Pool, 'query'> = this.pool): Promise<void> {
    const highest = await client.query<{ counter: string | null }>(
      'SELECT max(counter) AS counter FROM passkey_uses WHERE credential_id = $1',
      [presence.credentialId],
    );
    const before = Number(highest.rows[0]?.counter ?? 0);
    const spent = await client.query(
      'INSERT INTO passkey_uses (use, credential_id, counter) VALUES ($1, $2, $3) ON CONFLICT (use) DO NOTHING',
      [useOf(presence), presence.credentialId, counter],
    );
    if (spent.rowCount !== 1) {
      throw new PlanwardenError('PRESENCE_REPLAYED', 'this assertion was used before', {
        where: { field: 'presence' },
        remedy: 'Use your passkey again: every vote takes a new assertion.',
      });
    }
    // Zero for ever is how synced passkeys count.
    if ((counter > 0 || before > 0) && counter <= before) throw presenceInvalid('its counter went back');
  }

  /** A random challenge of an enrolment, good once. */
  async newChallenge(person: string): Promise<string> {
    const challenge = randomBytes(32).toString('base64url');
    await this.pool.query(
      `INSERT INTO passkey_challenges (challenge_hash, person, expires_at)
       VALUES ($1, $2, clock_timestamp() + make_interval(mins => $3))`,
      [hash(challenge), person, CHALLENGE_MINUTES],
    );
    return challenge;
  }

  /** @throws PlanwardenError PASSKEY_REFUSED for a challenge that is not this person's, was used or is too old */
  async spendChallenge(person: string, challenge: string): Promise<void> {
    const spent = await this.pool.query(
      `UPDATE passkey_challenges SET used_at = clock_timestamp()
        WHERE challenge_hash = $1 AND person = $2 AND used_at IS NULL AND expires_at > clock_timestamp()`,
      [hash(challenge), person],
    );
    if (spent.rowCount === 1) return;
    throw new PlanwardenError('PASSKEY_REFUSED', 'the challenge of this enrolment is unknown, used or too old', {
      where: { field: 'registration' },
      remedy: 'Begin the enrolment again.',
    });
  }

  /** Whether a passkey is older than the first subject of a run: one that is newer does not count for it. */
  async isOlderThan(credentialId: string, run: string): Promise<boolean> {
    const found = await this.pool.query<{ older: boolean | null }>(
      `SELECT at < (SELECT min(created_at) FROM subjects WHERE run = $2) AS older
         FROM passkeys WHERE credential_id = $1`,
      [credentialId, run],
    );
    return found.rows[0]?.older === true;
  }
}

/** Whether a passkey counts for a person now. */
export function isPasskeyValid(passkey: Passkey, person: Pick<Person, 'id' | 'passkeys'>): boolean {
  if (passkey.revoked || passkey.person !== person.id) return false;
  if (passkey.enrolledBy !== 'operator') return true;
  return (person.passkeys ?? []).some(
    ({ id, publicKey }) => id === passkey.credentialId && publicKey === passkey.publicKey,
  );
}

function passkeyOf(row: Row): Passkey {
  return {
    credentialId: row.credential_id,
    person: row.person,
    publicKey: row.public_key,
    enrolledBy: row.enrolled_by,
    byCredential: row.by_credential,
    at: row.at.toISOString(),
    revoked: row.revoked,
  };
}

const hash = (challenge: string): string => createHash('sha256').update(challenge).digest('hex');
