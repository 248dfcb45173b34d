import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { parts } from './confirm-world.spec-kit.js';
import { migrateApprovals, SubjectStore, subjectDigest, VoteStore } from './index.js';

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
  await migrateApprovals(database.pool);
});
afterAll(() => database.close());

const reviewer = { id: 'reviewer', githubId: 2 };

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

test.each([
  'UPDATE web_votes SET decision = $$reject$$',
  'DELETE FROM web_votes',
  'TRUNCATE web_votes',
  'DELETE FROM subjects',
])('the database refuses %s', async (sql) => {
  await expect(database.pool.query(sql)).rejects.toThrow(/append-only/);
});
