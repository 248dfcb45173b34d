import { expect, test } from '@jest/globals';
import { tallyVotes } from '@planwarden/approvals';
import type { Person, Vote } from '@planwarden/contracts';
import { withGone } from './gone-rejects.js';

const D = `sha256:${'0'.repeat(64)}`;
const person = (id: string, github: number): Person => ({
  ...{ id, name: id, github: { id: github, login: id } },
  persona: 'devops',
  roles: { staging: 'approver' },
});
const people = [person('reviewer', 2), person('third', 3), person('owner', 1)];
const vote = (number: number, decision: Vote['decision'], more: Partial<Vote> = {}): Vote => ({
  ...{ subjectDigest: D, decision, person: null, githubId: 3, road: 'pull_request_comment' },
  ...{ reference: `comment:${number}`, reason: '', at: '2030-01-01T00:00:00Z', assurance: 'account', ...more },
});

/** The tally where these votes are read now, of comments (and reviews) that are there, after these rejects were seen. */
function tally(votes: readonly Vote[], seen: readonly Vote[], comments: readonly number[], reviews: number[] = []) {
  const read = withGone({ votes, seen, comments: comments.map(idOf), reviews: reviews.map(idOf), people });
  return tallyVotes({
    ...read,
    ...{ subjectDigest: D, people, target: { environment: 'staging', leastAssurance: 'account' }, quorum: 1 },
    requester: { principal: 'person:owner', onBehalfOf: null },
    ...{ agents: { ids: [], githubIds: [] }, bots: { githubIds: [] }, authors: { githubIds: [], unknown: false } },
  });
}
const idOf = (id: number) => ({ id });
const approval = vote(9, 'approve', { githubId: 2, person: 'reviewer' });

// gate: reject-blocks
test('a reject that was seen blocks though its comment is gone, and it is said so', () => {
  const { rejects, missing } = tally([approval], [vote(5, 'reject')], [9]);
  expect(rejects).toMatchObject([{ person: 'third', reference: 'comment:5' }]);
  expect(missing).toEqual([
    'third rejects this change; the reject was deleted, and stands until they vote otherwise themselves',
  ]);
});

// gate: last-vote
test('a later vote of their own takes it back, of the same second too; an earlier one does not', () => {
  const own = (number: number) => vote(number, 'approve', { person: 'third' });
  expect(tally([own(6)], [vote(5, 'reject')], [6]).rejects).toEqual([]);
  expect(tally([own(4)], [vote(5, 'reject')], [4]).rejects).toHaveLength(1);
  const review = vote(1, 'approve', { ...{ road: 'pull_request_review', reference: 'review:1', person: 'third' } });
  const later = { ...review, at: '2030-01-01T00:00:01Z' };
  expect(tally([later], [vote(5, 'reject')], [], [1]).rejects).toEqual([]);
  expect(tally([review], [vote(5, 'reject')], [], [1]).rejects).toHaveLength(1);
});

test('what is still there speaks for itself: a review that its own writer dismissed is no reject', () => {
  const dismissed = vote(1, 'reject', { road: 'pull_request_review', reference: 'review:1' });
  expect(tally([approval], [dismissed], [9], [1])).toMatchObject({ rejects: [], reached: true });
  expect(tally([approval], [dismissed], [9], []).rejects).toHaveLength(1);
});

test('whose it was tells the numeric id, and who is nobody any more rejects nothing', () => {
  expect(tally([approval], [vote(5, 'reject', { githubId: 77 })], [9])).toMatchObject({ rejects: [], reached: true });
});
