import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Person, Presence, Vote } from '@planwarden/contracts';
import { startTestDatabase, type TestDatabase } from '@planwarden/database';
import { SoftwarePasskey, turnedAround } from './authenticator.spec-kit.js';
import { parts, person } from './confirm-world.spec-kit.js';
import {
  breakGlassChallenge,
  checkPresence,
  migrateApprovals,
  PasskeyStore,
  passkeyFor,
  SubjectStore,
  VoteStore,
  verifyPresence,
  verifyRegistration,
  voteChallenge,
} from './index.js';

const site = { rpId: 'localhost', origin: 'http://localhost:7420' };
const digest = `sha256:${'ab'.repeat(32)}`;
const complete = (passkey: SoftwarePasskey, assertion = passkey.assert(voteChallenge(digest))): Presence => ({
  ...assertion,
  publicKey: passkey.publicKey,
  ...site,
});
const invalid = { code: 'PRESENCE_INVALID' };

// gate: presence-challenge, presence-kept
describe('verifyPresence, which needs nothing but the record', () => {
  test('takes the assertion whose challenge is the subject digest, again and again', async () => {
    const record = JSON.stringify(complete(new SoftwarePasskey(site)));
    for (let n = 0; n < 2; n += 1) {
      await expect(verifyPresence(JSON.parse(record) as Presence, voteChallenge(digest))).resolves.toEqual({
        counter: 1,
      });
    }
  });

  test.each<[string, (passkey: SoftwarePasskey) => Presence]>([
    ['of another subject', (key) => complete(key, key.assert(voteChallenge(`sha256:${'00'.repeat(32)}`)))],
    ['of breaking the glass', (key) => complete(key, key.assert(breakGlassChallenge(digest)))],
    ['of another key', (key) => ({ ...complete(key), publicKey: new SoftwarePasskey(site).publicKey })],
    [
      'made for another site',
      (key) => complete(key, key.assert(voteChallenge(digest), { ...site, rpId: 'evil.test' })),
    ],
    [
      'from another origin',
      (key) => complete(key, key.assert(voteChallenge(digest), { ...site, origin: 'http://localhost:1' })),
    ],
    ['without the user verified', (key) => complete(key, key.assert(voteChallenge(digest), site, 0x01))],
    ['without the user present', (key) => complete(key, key.assert(voteChallenge(digest), site, 0x04))],
    [
      'of making a passkey',
      (key) => complete(key, { ...key.assert(''), clientDataJson: key.register(voteChallenge(digest)).clientDataJson }),
    ],
    ['with another signature', (key) => ({ ...complete(key), signature: key.assert('').signature })],
    ['that names an origin of somebody else', (key) => ({ ...complete(key), origin: 'http://localhost.evil.test' })],
    ['that names no origin', (key) => ({ ...complete(key), origin: 'localhost' })],
    ['that is no assertion', (key) => ({ ...complete(key), authenticatorData: 'AA' })],
  ])('refuses one %s', async (_, make) => {
    await expect(verifyPresence(make(new SoftwarePasskey(site)), voteChallenge(digest))).rejects.toMatchObject(invalid);
  });
});

describe('a registration', () => {
  test('gives the credential and its key', async () => {
    const key = new SoftwarePasskey(site);
    const entry = await verifyRegistration({ challenge: 'Y2hhbGxlbmdl', ...key.register('Y2hhbGxlbmdl') }, site);
    expect(entry).toEqual({ id: key.id, publicKey: key.publicKey });
  });

  test.each<[string, (key: SoftwarePasskey) => ReturnType<SoftwarePasskey['register']>]>([
    ['of another challenge', (key) => key.register('b3RoZXI')],
    ['for another site', (key) => key.register('Y2hhbGxlbmdl', { ...site, rpId: 'evil.test' })],
    ['from another origin', (key) => key.register('Y2hhbGxlbmdl', { ...site, origin: 'http://evil.test' })],
    ['without the user verified', (key) => key.register('Y2hhbGxlbmdl', site, 0x41)],
  ])('%s is refused', async (_, make) => {
    const made = make(new SoftwarePasskey(site));
    await expect(verifyRegistration({ challenge: 'Y2hhbGxlbmdl', ...made }, site)).rejects.toMatchObject({
      code: 'PASSKEY_REFUSED',
    });
  });
});

describe('passkeys of people', () => {
  let database: TestDatabase;
  let store: PasskeyStore;
  const reviewer: Person = person('reviewer', 2);
  beforeAll(async () => {
    database = await startTestDatabase();
    await migrateApprovals(database.pool);
    store = new PasskeyStore(database.pool);
  });
  afterAll(() => database.close());
  const enrolled = async (owner = `p${Math.random().toString(36).slice(2)}`) => {
    const key = new SoftwarePasskey(site);
    await store.add({ id: key.id, publicKey: key.publicKey, person: owner }, { kind: 'first-sign-in' });
    return { key, owner: { ...reviewer, id: owner } };
  };

  // gate: passkey-first
  test('the first one needs nobody, a second one the first', async () => {
    const { key, owner } = await enrolled();
    const second = new SoftwarePasskey(site);
    const entry = { id: second.id, publicKey: second.publicKey, person: owner.id };
    await expect(store.add(entry, { kind: 'first-sign-in' })).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
    await store.add(entry, { kind: 'passkey', credentialId: key.id });
    expect((await store.ofPerson(owner.id)).map(({ byCredential }) => byCredential)).toEqual([null, key.id]);
    await store.revoke(key.id, owner.id);
    await expect(store.valid(key.id, owner)).rejects.toMatchObject({ code: 'PASSKEY_UNKNOWN' });
    // A revoked one still is a first one: what was lost is given back by the operator alone.
    const third = new SoftwarePasskey(site);
    await expect(
      store.add({ id: third.id, publicKey: third.publicKey, person: owner.id }, { kind: 'first-sign-in' }),
    ).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
  });

  test('what the operator wrote counts while it is written so', async () => {
    const key = new SoftwarePasskey(site);
    const written = { ...reviewer, id: 'written', passkeys: [{ id: key.id, publicKey: key.publicKey }] };
    await expect(store.valid(key.id, written)).rejects.toMatchObject({ code: 'PASSKEY_UNKNOWN' });
    await store.noteOperators([written]);
    await expect(store.valid(key.id, written)).resolves.toMatchObject({ enrolledBy: 'operator' });
    for (const passkeys of [[], [{ id: key.id, publicKey: new SoftwarePasskey(site).publicKey }]]) {
      await expect(store.valid(key.id, { ...written, passkeys })).rejects.toMatchObject({ code: 'PASSKEY_UNKNOWN' });
    }
    await expect(store.valid(key.id, { ...written, id: 'somebody' })).rejects.toMatchObject({
      code: 'PASSKEY_UNKNOWN',
    });
  });

  // gate: passkey-new
  test('does not count for a run that waited before it was enrolled', async () => {
    const subjects = new SubjectStore(database.pool);
    const before = await enrolled();
    await subjects.store({ ...parts, run: 'run_p' });
    const after = await enrolled();
    await expect(passkeyFor(store, 'run_p', before.owner, before.key.id)).resolves.toMatchObject({
      credentialId: before.key.id,
    });
    // A new round does not make it older.
    await subjects.store({ ...parts, run: 'run_p', round: 2 });
    await expect(passkeyFor(store, 'run_p', after.owner, after.key.id)).rejects.toMatchObject({
      code: 'PASSKEY_TOO_NEW',
    });
    await expect(passkeyFor(store, 'run_none', before.owner, before.key.id)).rejects.toMatchObject({
      code: 'PASSKEY_TOO_NEW',
    });
  });

  test('an assertion is spent once, its signature turned around too; a counter does not go back', async () => {
    const { key } = await enrolled();
    const first = complete(key);
    await store.spend(first, 1);
    await expect(store.spend(first, 1)).rejects.toMatchObject({ code: 'PRESENCE_REPLAYED' });
    const turned = { ...first, signature: turnedAround(first.signature) };
    expect(turned.signature).not.toBe(first.signature);
    await expect(verifyPresence(turned, voteChallenge(digest))).resolves.toEqual({ counter: 1 });
    await expect(store.spend(turned, 1)).rejects.toMatchObject({ code: 'PRESENCE_REPLAYED' });
    await expect(store.spend(complete(key), 1)).rejects.toMatchObject(invalid);
    await expect(store.spend({ ...first, signature: 'AAAA' }, 3)).rejects.toMatchObject(invalid);
  });

  test('a challenge of an enrolment is its person’s, and good once', async () => {
    const challenge = await store.newChallenge('a');
    await expect(store.spendChallenge('b', challenge)).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
    await store.spendChallenge('a', challenge);
    await expect(store.spendChallenge('a', challenge)).rejects.toMatchObject({ code: 'PASSKEY_REFUSED' });
  });

  test('a kept vote is verified again: one whose record was changed counts for nothing', async () => {
    const { key, owner } = await enrolled();
    const { digest: subject } = await new SubjectStore(database.pool).store({ ...parts, run: 'run_v' });
    const presence = complete(key, key.assert(voteChallenge(subject)));
    const votes = new VoteStore(database.pool);
    await votes.cast({
      ...{ run: 'run_v', round: 1, subjectDigest: subject, decision: 'approve', reason: '' },
      person: { id: owner.id, githubId: 2 },
      presence,
    });
    const [kept] = await votes.list('run_v', 1);
    if (!kept) throw new Error('no vote');
    expect(kept).toMatchObject({ assurance: 'presence', presence });
    const check = async (vote: Vote, people = [owner]) => {
      const { votes: counted, uncounted } = await checkPresence(store, 'run_v', [vote], people);
      return counted.length === 1 ? 'counts' : uncounted[0]?.code;
    };
    expect(await check(kept)).toBe('counts');
    const { presence: _, ...bare } = kept;
    const other = new SoftwarePasskey(site);
    expect(await check(bare)).toBe('PRESENCE_INVALID');
    expect(await check({ ...kept, presence: { ...presence, publicKey: other.publicKey } })).toBe('PRESENCE_INVALID');
    expect(await check({ ...kept, presence: complete(key) })).toBe('PRESENCE_INVALID');
    expect(await check({ ...kept, presence: complete(other, other.assert(voteChallenge(subject))) })).toBe(
      'PASSKEY_UNKNOWN',
    );
    expect(await check({ ...kept, person: 'somebody' }, [{ ...owner, id: 'somebody' }])).toBe('PASSKEY_UNKNOWN');
    await store.revoke(key.id, owner.id);
    expect(await check(kept)).toBe('PASSKEY_UNKNOWN');
  });
});
