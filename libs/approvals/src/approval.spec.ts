import { deserialize, serialize } from 'node:v8';
import { describe, expect, test } from '@jest/globals';
import { freeze, reviewer, start, world } from './confirm-world.spec-kit.js';
import * as frontDoor from './index.js';
import { type Approval, assertFresh, confirm, peopleDigest } from './index.js';

async function granted() {
  const w = world();
  const outcome = await confirm(w.ports, { run: 'run_1', round: 1, fence: 7 });
  if (outcome.kind !== 'approved') throw new Error(`not approved: ${outcome.kind}`);
  return { ...w, approval: outcome.approval };
}
const after = (ms: number) => ({ now: async () => new Date(start.getTime() + ms) });

// gate: approval-sixty-seconds
test('is fresh for its fence until 60 seconds have passed', async () => {
  const { approval, ports } = await granted();
  await expect(assertFresh(approval, 7, ports, 'merge')).resolves.toBeUndefined();
  await expect(assertFresh(approval, 7, { ...ports, ...after(59_999) }, 'merge')).resolves.toBeUndefined();
  await expect(assertFresh(approval, 7, { ...ports, ...after(60_000) }, 'merge')).rejects.toMatchObject({
    code: 'APPROVAL_EXPIRED',
  });
  await expect(assertFresh(approval, 7, { ...ports, ...after(-1) }, 'merge')).rejects.toMatchObject({
    code: 'APPROVAL_EXPIRED',
  });
  const broken = { ...ports, now: async () => new Date(Number.NaN) };
  await expect(assertFresh(approval, 7, broken, 'merge')).rejects.toMatchObject({ code: 'APPROVAL_EXPIRED' });
});

test('is refused under another fence', async () => {
  const { approval, ports } = await granted();
  await expect(assertFresh(approval, 8, ports, 'merge')).rejects.toMatchObject({ code: 'APPROVAL_FENCE_PASSED' });
});

// gate: fresh-last
test.each([
  ['PEOPLE_CHANGED', { peopleDigest: async () => peopleDigest([reviewer]) }],
  ['POLICY_CHANGED', { policyBundleDigest: async () => 'sha256:other' }],
  ['TARGET_CHANGED', { targetConfigurationDigest: async () => 'sha256:other' }],
])('is refused with %s when that digest is another one now', async (code, change) => {
  const { approval, ports } = await granted();
  await expect(assertFresh(approval, 7, { ...ports, ...change }, 'merge')).rejects.toMatchObject({ code });
});

test('is refused with FREEZE, naming it, when applies were frozen since', async () => {
  const { approval, ports } = await granted();
  const frozen = { ...ports, freeze: async () => freeze };
  await expect(assertFresh(approval, 7, frozen, 'merge')).rejects.toMatchObject({
    code: 'FREEZE',
    message: 'applies to staging are frozen by owner: the shop has a sale',
  });
});

// gate: approval-unforgeable
describe('cannot be made elsewhere', () => {
  const constructorOf = (approval: Approval) =>
    Reflect.get(approval, 'constructor') as new (
      ...args: unknown[]
    ) => Approval;
  const forgeries: [string, (real: Approval) => unknown][] = [
    ['a JSON copy', (real) => JSON.parse(JSON.stringify(real))],
    ['what v8 wrote and read back', (real) => deserialize(serialize(real))],
    [
      'its parts put together again',
      ({ subject, subjectDigest, evidenceSha, tally }) => ({ subject, subjectDigest, evidenceSha, tally }),
    ],
    ['a structuredClone', (real) => structuredClone(real)],
    ['a spread copy', (real) => ({ ...real })],
    ['Object.create over the real one', (real) => Object.create(real)],
    ['Object.create over the prototype', (real) => Object.create(Object.getPrototypeOf(real))],
    ['a proxy', (real) => new Proxy(real, {})],
    ['a cast object', () => ({ subjectDigest: 'x', evidenceSha: 'y' })],
    ['null', () => null],
  ];
  test.each(forgeries)('%s is refused', async (_, forge) => {
    const { approval, ports } = await granted();
    await expect(assertFresh(forge(approval) as Approval, 7, ports, 'merge')).rejects.toMatchObject({
      code: 'APPROVAL_FORGED',
    });
  });

  test('one approval cast, deserialised, cloned and replayed: only the one itself, for its fence and minute, is taken', async () => {
    const { approval, ports } = await granted();
    const codeOf = async (given: unknown, fence = 7, at: object = {}) =>
      assertFresh(given as Approval, fence, { ...ports, ...at }, 'merge').then(
        () => 'taken',
        (error: unknown) => (error as { code: string }).code,
      );
    expect(await codeOf({ ...approval, subject: approval.subject })).toBe('APPROVAL_FORGED');
    expect(await codeOf(JSON.parse(JSON.stringify(approval)))).toBe('APPROVAL_FORGED');
    expect(await codeOf(structuredClone(approval))).toBe('APPROVAL_FORGED');
    expect(await codeOf(approval)).toBe('taken');
    // Replayed by the next holder of the run, and later.
    expect(await codeOf(approval, 8)).toBe('APPROVAL_FENCE_PASSED');
    expect(await codeOf(approval, 7, after(60_000))).toBe('APPROVAL_EXPIRED');
    expect(await codeOf(approval, 7, after(24 * 3600_000))).toBe('APPROVAL_EXPIRED');
  });

  test('the constructor taken from a real one refuses every key, also through a subclass', async () => {
    const { approval } = await granted();
    const Taken = constructorOf(approval);
    class Sub extends Taken {}
    for (const make of [() => new Taken(Symbol('approval'), {}), () => new Taken(), () => new Sub(undefined, {})]) {
      expect(make).toThrow(expect.objectContaining({ code: 'APPROVAL_FORGED' }));
    }
  });

  test('the front door exports no way to make one', () => {
    expect(Object.keys(frontDoor).sort()).toEqual([
      'APPROVAL_LIFETIME_MS',
      'BreakGlassStore',
      'FreezeStore',
      'PASSKEY_ALGORITHMS',
      'PasskeyStore',
      'SeenRejectStore',
      'SubjectStore',
      'VoteStore',
      'asksMore',
      'assertFresh',
      'baseStop',
      'breakGlassChallenge',
      'buildSubject',
      'checkPresence',
      'confirm',
      'filesDigest',
      'freezeWords',
      'isPasskeyValid',
      'isRequesterId',
      'lacksRole',
      'migrateApprovals',
      'parseSubject',
      'passkeyFor',
      'peopleDigest',
      'personRefusal',
      'presenceInvalid',
      'rejectRefusal',
      'subjectDigest',
      'tallyVotes',
      'targetConfigurationDigest',
      'verifyPresence',
      'verifyRegistration',
      'voteChallenge',
    ]);
  });

  test('what it says cannot be changed', async () => {
    const { approval } = await granted();
    expect(() => Object.assign(approval.subject, { quorum: 0 })).toThrow(TypeError);
    expect(() => Object.assign(approval.subject.target, { path: '' })).toThrow(TypeError);
    expect(() => Object.assign(approval, { evidenceSha: 'x' })).toThrow(TypeError);
  });
});
