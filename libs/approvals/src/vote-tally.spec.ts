import { describe, expect, test } from '@jest/globals';
import type { Vote } from '@planwarden/contracts';
import { owner, person, reviewer, target, vote } from './confirm-world.spec-kit.js';
import { type TallyInput, tallyVotes } from './index.js';

const D = 'sha256:subject';
const base: TallyInput = {
  subjectDigest: D,
  votes: [vote(D)],
  people: [owner, reviewer, person('third', 3), person('guest', 4, 'viewer')],
  target,
  requester: { principal: 'agent:helper', onBehalfOf: 'owner' },
  agents: { ids: ['helper'], githubIds: [90] },
  bots: { githubIds: [91] },
  authors: { githubIds: [], unknown: false },
  quorum: 1,
};
const tally = (more: Partial<TallyInput>) => tallyVotes({ ...base, ...more });

const refusals: [string, string, Partial<TallyInput>][] = [
  ['VOTER_UNKNOWN', 'a GitHub id nobody has', { votes: [vote(D, { githubId: 77 })] }],
  [
    'VOTER_UNKNOWN',
    'a GitHub id claimed by another person',
    { votes: [vote(D, { githubId: 77, person: 'reviewer' })] },
  ],
  [
    'VOTER_UNKNOWN',
    'a web vote with another GitHub id',
    { votes: [vote(D, { road: 'web', person: 'reviewer', githubId: 3 })] },
  ],
  ['VOTER_IS_REQUESTER', 'the one for whom the agent asked', { votes: [vote(D, { githubId: 1 })] }],
  ['VOTER_IS_REQUESTER', 'the person who asked', { requester: { principal: 'person:reviewer', onBehalfOf: null } }],
  ['ASSURANCE_TOO_LOW', 'a requester where nobody else could', { people: [owner], votes: [vote(D, { githubId: 1 })] }],
  [
    'VOTER_IS_AGENT',
    "the agent's principal",
    { votes: [vote(D, { road: 'web', person: 'agent:helper', githubId: null })] },
  ],
  ['VOTER_IS_AGENT', "the agent's GitHub account", { votes: [vote(D, { githubId: 90 })] }],
  ['VOTER_IS_BOT', 'an app', { votes: [vote(D, { githubId: 91 })] }],
  ['VOTER_IS_AUTHOR', 'whoever wrote a commit', { authors: { githubIds: [2], unknown: false } }],
  ['VOTER_LACKS_ROLE', 'a viewer', { votes: [vote(D, { githubId: 4 })] }],
  ['VOTER_LACKS_ROLE', 'an approver elsewhere', { target: { environment: 'production', leastAssurance: 'session' } }],
  ['AUTHOR_UNKNOWN', 'anybody, with an unknown author', { authors: { githubIds: [], unknown: true } }],
  ['VOTE_ON_EARLIER_ROUND', 'a vote of round 1', { votes: [vote('sha256:old')], earlierDigests: ['sha256:old'] }],
  ['SUBJECT_CHANGED', 'a vote on a strange subject', { votes: [vote('sha256:strange')] }],
  [
    'ASSURANCE_TOO_LOW',
    'an account where presence is asked',
    { target: { environment: 'staging', leastAssurance: 'presence' } },
  ],
];
// gate: requester, who-never-votes, numeric-ids, earlier-round, assurance
test.each(refusals)('refuses with %s: %s', (code, _, more) => {
  const result = tally(more);
  expect(result.uncounted.map((entry) => entry.code)).toEqual([code]);
  expect(result.uncounted[0]?.message).not.toBe('');
  expect(result).toMatchObject({ reached: false, approvals: [], rejects: [] });
  expect(result.missing).toHaveLength(1);
});

// gate: one-person-once
test('counts one person once over all roads', () => {
  const votes = [vote(D), vote(D, { road: 'web', person: 'reviewer', at: '2030-01-01T00:00:01.000Z' })];
  const result = tally({ votes, quorum: 2 });
  expect(result).toMatchObject({ reached: false, mayVote: ['third'] });
  expect(result.approvals).toHaveLength(1);
  expect(tally({ votes: [...votes, vote(D, { githubId: 3 })], quorum: 2 }).reached).toBe(true);
});

// gate: last-vote
test("takes a person's last vote, whatever the order read", () => {
  const reject = vote(D, { decision: 'reject', at: '2030-01-01T00:00:01.000Z' });
  const again = vote(D, { at: '2030-01-01T00:00:02.000Z' });
  expect(tally({ votes: [reject, vote(D)] })).toMatchObject({ reached: false, rejects: [{ person: 'reviewer' }] });
  expect(tally({ votes: [again, reject, vote(D)] }).reached).toBe(true);
});

// gate: last-vote
describe('of a reject and an approval of one person', () => {
  const at = (ms: number) => new Date(Date.parse('2030-01-01T00:00:00.000Z') + ms).toISOString();
  const reject = (more: Partial<Vote> = {}) => vote(D, { decision: 'reject', ...more });
  const web = { road: 'web', person: 'reviewer', assurance: 'session' } as const;
  const comment = { road: 'pull_request_comment' } as const;
  const CLOCKS = 300_000;

  test.each<[string, Vote[], boolean]>([
    ['in the same second on one road the list tells the order', [reject(), vote(D)], true],
    ['in the same second on one road, the reject last', [vote(D), reject()], false],
    ['in the same second by review and comment the reject stands', [reject(comment), vote(D)], false],
    ['a second apart by review and comment the later one counts', [reject(comment), vote(D, { at: at(1000) })], true],
    ['the approval seems later, by the other clock', [reject(web), vote(D, { at: at(CLOCKS) })], false],
    ['the approval seems later here', [reject(), vote(D, { ...web, at: at(CLOCKS) })], false],
    ['the approval is later by more than clocks differ', [reject(), vote(D, { ...web, at: at(CLOCKS + 1) })], true],
    ['no approval is later than both rejects', [reject(), reject(web), vote(D, { at: at(1) })], false],
    ['an approval without a time takes nothing back', [reject(), vote(D, { at: 'yesterday' })], false],
  ])('%s', (_, votes, isApproved) => {
    const result = tally({ votes });
    expect([result.reached, result.rejects.length]).toEqual([isApproved, isApproved ? 0 : 1]);
  });

  test('it is said where nobody can tell which came last', () => {
    expect(tally({ votes: [reject(web), vote(D, { at: at(1) })] }).uncounted.map(({ code }) => code)).toEqual([
      'VOTE_ORDER_UNKNOWN',
    ]);
    expect(tally({ votes: [vote(D), reject({ at: at(1) })] }).uncounted).toEqual([]);
  });
});

// gate: reject-blocks
test('a standing reject blocks whatever the quorum, but only of one who may vote', () => {
  const third = vote(D, { githubId: 3, decision: 'reject' });
  expect(tally({ votes: [vote(D), third] }).reached).toBe(false);
  expect(tally({ votes: [vote(D), vote(D, { githubId: 4, decision: 'reject' })] }).reached).toBe(true);
});

// gate: reject-blocks
describe('a reject of one who may not approve', () => {
  const reject = vote(D, { decision: 'reject' });
  const third = vote(D, { githubId: 3 });
  const wrote = { authors: { githubIds: [2], unknown: false } };

  test.each<[string, Partial<TallyInput>]>([
    ['who wrote a commit, or whose name somebody wrote into one', wrote],
    ['who asked', { requester: { principal: 'person:reviewer', onBehalfOf: null } }],
    ['for whom an agent asked', { requester: { principal: 'agent:helper', onBehalfOf: 'reviewer' } }],
  ])('blocks: %s', (_, more) => {
    expect(tally({ votes: [reject, third], ...more })).toMatchObject({
      reached: false,
      rejects: [{ person: 'reviewer' }],
    });
  });

  test('is taken back by an approval, which itself does not count', () => {
    const again = vote(D, { at: '2030-01-01T00:00:01.000Z' });
    const result = tally({ votes: [reject, again, third], ...wrote });
    expect(result).toMatchObject({ reached: true, rejects: [], approvals: [{ person: 'third' }] });
    expect(result.uncounted.map(({ code }) => code)).toEqual(['VOTER_IS_AUTHOR']);
  });
});

test('an approval with presence is not lost to a later one without', () => {
  const strong = vote(D, { road: 'web', person: 'reviewer', assurance: 'presence' });
  const weak = vote(D, { at: '2030-01-01T00:00:01.000Z' });
  expect(tally({ votes: [strong, weak], target: { environment: 'staging', leastAssurance: 'presence' } }).reached).toBe(
    true,
  );
});

const present = (person: string, more: Partial<Vote> = {}) =>
  vote(D, { road: 'web', person, githubId: null, assurance: 'presence', ...more });

// gate: self-approval
test('who asked approves only where nobody else in people could, only with presence, and the record says so', () => {
  const alone = { people: [owner, person('guest', 4, 'viewer')], votes: [present('owner')] };
  expect(tally(alone)).toMatchObject({ reached: true, selfApproved: ['owner'] });
  expect(tally({ ...alone, people: [owner, reviewer] }).uncounted.map((one) => one.code)).toEqual([
    'VOTER_IS_REQUESTER',
  ]);
  // The others do not stop being able to because somebody had them push a commit.
  const pushed = { people: [owner, reviewer], authors: { githubIds: [2], unknown: false } };
  expect(tally({ ...alone, ...pushed }).uncounted.map((one) => one.code)).toEqual(['VOTER_IS_REQUESTER']);
  expect(tally({ votes: [vote(D)] }).selfApproved).toEqual([]);
});

describe('what is asked besides the number', () => {
  const secure = { ...person('third', 3), roles: { staging: ['approver', 'security'] } };
  const people = [owner, reviewer, secure];
  const none = { presence: 0, roles: {}, owners: [] };
  const third = vote(D, { githubId: 3 });

  // gate: quorum-by-role
  test('a role: somebody who holds it has to be among them', () => {
    const asked = { people, demands: { ...none, roles: { security: 1 } } };
    expect(tally(asked).missing).toEqual(['1 approving vote of the role security; may vote: third']);
    expect(tally({ ...asked, votes: [third] }).reached).toBe(true);
    expect(tally({ ...asked, demands: { ...none, roles: { dba: 1 } } }).missing.join()).toContain('nobody who could');
  });

  // gate: presence-asked
  test('presence: so many of them with a passkey', () => {
    const asked = { people, demands: { ...none, presence: 1 } };
    expect(tally(asked).missing.join()).toMatch(/passkey .*may vote: third, reviewer$/);
    expect(tally({ ...asked, votes: [vote(D), present('third')] }).reached).toBe(true);
  });

  // gate: codeowners
  test('an owner of each changed path, and who maps to nobody is named', () => {
    const entry = { pattern: '/live/', people: ['third'], unknown: ['@org/team'] };
    const asked = { people, demands: { ...none, owners: [entry] } };
    expect(tally(asked).missing).toEqual([
      'an owner of /live/ (CODEOWNERS) has to approve; may vote: third; nobody in people: @org/team',
    ]);
    expect(tally({ ...asked, votes: [third] }).reached).toBe(true);
    const stuck = tally({ ...asked, demands: { ...none, owners: [{ ...entry, people: [] }] }, votes: [third] });
    expect(stuck).toMatchObject({ reached: false });
  });

  // gate: break-glass-lifts
  test('broken glass lifts roles and owners, but neither the number nor presence nor a reject', () => {
    const breakGlass = {
      ...{
        id: 'glass_1',
        run: 'run_1',
        subjectDigest: D,
        by: 'third',
        reason: 'outage',
        assurance: 'session' as const,
      },
      ...{ at: '2030-01-01T00:00:00.000Z', until: '2030-01-01T01:00:00.000Z' },
    };
    const owners = [{ pattern: '*', people: [], unknown: ['@org/team'] }];
    const asked = { people, breakGlass, demands: { presence: 0, roles: { security: 2 }, owners } };
    expect(tally(asked)).toMatchObject({ reached: true, breakGlass: { by: 'third' } });
    expect(tally({ ...asked, quorum: 2 }).reached).toBe(false);
    expect(tally({ ...asked, demands: { ...asked.demands, presence: 1 } }).reached).toBe(false);
    expect(tally({ ...asked, votes: [vote(D), vote(D, { githubId: 3, decision: 'reject' })] }).reached).toBe(false);
    expect(tally({ ...asked, votes: [vote(D, { githubId: 1 })] }).reached).toBe(false);
  });
});
