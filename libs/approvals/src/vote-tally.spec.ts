import { expect, test } from '@jest/globals';
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
test.each(refusals)('refuses with %s: %s', (code, _, more) => {
  const result = tally(more);
  expect(result.uncounted.map((entry) => entry.code)).toEqual([code]);
  expect(result.uncounted[0]?.message).not.toBe('');
  expect(result).toMatchObject({ reached: false, approvals: [], rejects: [] });
  expect(result.missing).toHaveLength(1);
});

test('counts one person once over all roads', () => {
  const votes = [vote(D), vote(D, { road: 'web', person: 'reviewer', at: '2030-01-01T00:00:01.000Z' })];
  const result = tally({ votes, quorum: 2 });
  expect(result).toMatchObject({ reached: false, mayVote: ['third'] });
  expect(result.approvals).toHaveLength(1);
  expect(tally({ votes: [...votes, vote(D, { githubId: 3 })], quorum: 2 }).reached).toBe(true);
});

test("takes a person's last vote, whatever the order read", () => {
  const reject = vote(D, { decision: 'reject', at: '2030-01-01T00:00:01.000Z' });
  const again = vote(D, { at: '2030-01-01T00:00:02.000Z' });
  expect(tally({ votes: [reject, vote(D)] })).toMatchObject({ reached: false, rejects: [{ person: 'reviewer' }] });
  expect(tally({ votes: [again, reject, vote(D)] }).reached).toBe(true);
});

test('a reject in the same instant as an approval blocks', () => {
  const pair: Vote[] = [vote(D, { decision: 'reject' }), vote(D)];
  expect(tally({ votes: pair }).rejects).toHaveLength(1);
  expect(tally({ votes: pair.reverse() }).rejects).toHaveLength(1);
});

test('a standing reject blocks whatever the quorum, but only of one who may vote', () => {
  const third = vote(D, { githubId: 3, decision: 'reject' });
  expect(tally({ votes: [vote(D), third] }).reached).toBe(false);
  expect(tally({ votes: [vote(D), vote(D, { githubId: 4, decision: 'reject' })] }).reached).toBe(true);
});

test('an approval with presence is not lost to a later one without', () => {
  const strong = vote(D, { road: 'web', person: 'reviewer', assurance: 'presence' });
  const weak = vote(D, { at: '2030-01-01T00:00:01.000Z' });
  expect(tally({ votes: [strong, weak], target: { environment: 'staging', leastAssurance: 'presence' } }).reached).toBe(
    true,
  );
});
