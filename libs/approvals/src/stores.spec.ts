import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Vote } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { parts } from './confirm-world.spec-kit.js';
import {
  BreakGlassStore,
  FreezeStore,
  migrateApprovals,
  SeenRejectStore,
  SubjectStore,
  subjectDigest,
  VoteStore,
} from './index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
  await migrateApprovals(database.pool);
});
afterAll(() => database.close());

const reviewer = { id: 'reviewer', githubId: 2 };

// gate: subject-canonical
test('keeps a subject byte for byte, once a round', async () => {
  const store = new SubjectStore(database.pool);
  const built = await store.store({ ...parts, run: 'run_a' });
  expect(await store.store({ ...parts, run: 'run_a' })).toEqual(built);
  expect(await store.find('run_a', 1)).toEqual({ json: built.json, digest: subjectDigest(built.subject) });
  expect(await store.find('run_a', 2)).toBeNull();
  await expect(store.store({ ...parts, run: 'run_a', quorum: 2 })).rejects.toMatchObject({ code: 'SUBJECT_CHANGED' });
  const second = await store.store({ ...parts, run: 'run_a', round: 2 });
  expect(await store.earlierDigests('run_a', 2)).toEqual([built.digest]);
  expect(second.digest).not.toBe(built.digest);
});

test('takes a vote only on the digest of the round now asked about', async () => {
  const subjects = new SubjectStore(database.pool);
  const votes = new VoteStore(database.pool);
  const { digest } = await subjects.store({ ...parts, run: 'run_b' });
  const ask = {
    run: 'run_b',
    round: 1,
    subjectDigest: digest,
    decision: 'approve',
    person: reviewer,
    reason: 'ok',
  } as const;
  const first = await votes.cast(ask);
  expect(first).toMatchObject({
    road: 'web',
    person: 'reviewer',
    githubId: 2,
    assurance: 'session',
    subjectDigest: digest,
  });
  const second = await votes.cast({ ...ask, decision: 'reject' });
  expect(await votes.list('run_b', 1)).toEqual([first, second]);
  await expect(votes.cast({ ...ask, subjectDigest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
    code: 'SUBJECT_CHANGED',
  });
  await subjects.store({ ...parts, run: 'run_b', round: 2 });
  await expect(votes.cast(ask)).rejects.toMatchObject({ code: 'SUBJECT_CHANGED' });
});

// gate: last-vote
test('a clock that was set back dates no vote before one that was cast earlier', async () => {
  const { digest } = await new SubjectStore(database.pool).store({ ...parts, run: 'run_clock' });
  await database.pool.query(
    `INSERT INTO web_votes (id, run, round, subject_digest, decision, person, github_id, reason, assurance, at)
     VALUES ('vote_ahead', 'run_clock', 1, $1, 'approve', 'reviewer', 2, '', 'session', '2100-01-01T00:00:00Z')`,
    [digest],
  );
  const votes = new VoteStore(database.pool);
  const asked = { run: 'run_clock', round: 1, subjectDigest: digest, person: reviewer, reason: '' };
  expect((await votes.cast({ ...asked, decision: 'reject' })).at).toBe('2100-01-01T00:00:00.000Z');
  expect((await votes.list('run_clock', 1)).map(({ decision }) => decision)).toEqual(['approve', 'reject']);
});

// gate: freeze-stops
describe('freezes', () => {
  const asked = { environment: 'staging', reason: 'sale', by: 'owner', from: null, until: null };
  const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

  test('one of an environment stops it alone, until it is lifted; lifting again changes nothing', async () => {
    const store = new FreezeStore(database.pool);
    const made = await store.freeze(asked);
    expect(made).toMatchObject({ environment: 'staging', active: true, lifted: null, until: null });
    expect([(await store.stopping('staging'))?.id, await store.stopping('live')]).toEqual([made.id, null]);
    const lifted = await store.lift(made.id, 'reviewer', 'over');
    expect(lifted).toMatchObject({ active: false, lifted: { by: 'reviewer', reason: 'over' } });
    expect(await store.lift(made.id, 'owner', 'again')).toEqual(lifted);
    expect(await store.stopping('staging')).toBeNull();
    await expect(store.lift('frz_none', 'owner', 'x')).rejects.toMatchObject({ code: 'FREEZE_UNKNOWN' });
  });

  test('a window stops while it lasts; one for all stops everywhere, and the one that lasts longest is told', async () => {
    const store = new FreezeStore(database.pool);
    const later = await store.freeze({ ...asked, environment: null, from: inMinutes(60), until: inMinutes(120) });
    expect([later.active, await store.stopping('live')]).toEqual([false, null]);
    const window = await store.freeze({ ...asked, environment: null, until: inMinutes(60) });
    const endless = await store.freeze(asked);
    expect((await store.stopping('live'))?.id).toBe(window.id);
    expect((await store.stopping('staging'))?.id).toBe(endless.id);
    for (const until of [inMinutes(-1), inMinutes(5)]) {
      const bad = { ...asked, from: inMinutes(10), until };
      await expect(store.freeze(bad)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    }
    expect((await store.list()).map(({ id }) => id)).toEqual(expect.arrayContaining([endless.id, window.id, later.id]));
  });
});

test('broken glass is for one subject and a time', async () => {
  const glass = new BreakGlassStore(database.pool);
  const { digest } = await new SubjectStore(database.pool).store({ ...parts, run: 'run_g' });
  const asked = {
    run: 'run_g',
    round: 1,
    subjectDigest: digest,
    person: 'owner',
    reason: 'outage',
    minutes: 5,
    presence: null,
  };
  const made = await glass.add(asked);
  expect(made).toMatchObject({ by: 'owner', reason: 'outage', assurance: 'session', run: 'run_g' });
  expect(Date.parse(made.until) - Date.parse(made.at)).toBeGreaterThanOrEqual(299_000);
  expect(await glass.running(digest)).toEqual(made);
  expect(await glass.running('sha256:other')).toBeNull();
  expect(await glass.list('run_g')).toEqual([made]);
  await expect(glass.add({ ...asked, subjectDigest: `sha256:${'0'.repeat(64)}` })).rejects.toMatchObject({
    code: 'SUBJECT_CHANGED',
  });
});

// gate: web-votes-append-only
test.each([
  'UPDATE web_votes SET decision = $$reject$$',
  'DELETE FROM web_votes',
  'TRUNCATE web_votes',
  'DELETE FROM subjects',
  'DELETE FROM freezes',
  'DELETE FROM freeze_lifts',
  'UPDATE break_glass SET until = until',
  'UPDATE passkeys SET person = $$x$$',
  'DELETE FROM passkey_revocations',
  'DELETE FROM passkey_uses',
])('the database refuses %s', async (sql) => {
  await expect(database.pool.query(sql)).rejects.toThrow(/append-only/);
});

// gate: reject-blocks
test('a reject that was read at GitHub is kept, once, and cannot be taken out', async () => {
  const { digest } = await new SubjectStore(database.pool).store({ ...parts, run: 'run_seen' });
  const store = new SeenRejectStore(database.pool);
  const reject: Vote = {
    ...{ subjectDigest: digest, decision: 'reject', person: 'third', githubId: 3, road: 'pull_request_comment' },
    ...{ reference: 'comment:5', reason: 'No.', at: '2030-01-01T00:00:00.000Z', assurance: 'account' },
  };
  const approval: Vote = { ...reject, decision: 'approve', reference: 'comment:6' };
  const kept = [{ ...reject, person: null }];
  expect(await store.keep('run_seen', 1, [reject, approval])).toEqual(kept);
  expect(await Promise.all([store.keep('run_seen', 1, [reject]), store.keep('run_seen', 1, [])])).toEqual([kept, kept]);
  expect(await store.keep('run_seen', 2, [])).toEqual([]);
  await expect(database.pool.query('DELETE FROM seen_rejects')).rejects.toThrow('append-only');
});
