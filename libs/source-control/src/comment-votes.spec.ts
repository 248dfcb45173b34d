import { expect, test } from '@jest/globals';
import { type Comment, votesFromComments } from './comment-votes.js';

const D = `sha256:${'0123456789abcdef'.repeat(4)}`;
const OLD = `sha256:${'f'.repeat(64)}`;
const SHORT = '0123456789ab';
const people = [{ id: 'reviewer', github: { id: 2 } }];
const comment = (body: string, more: Partial<Comment> = {}): Comment => ({
  id: 7,
  body,
  createdAt: '2030-01-01T00:00:00Z',
  updatedAt: '2030-01-01T00:00:00Z',
  user: { id: 2, type: 'User' },
  isEdited: false,
  original: body,
  isByApp: false,
  ...more,
});
const read = (one: Comment) => votesFromComments({ comments: [one], subjectDigest: D, earlierDigests: [OLD], people });

test.each([
  ['approve', `/planwarden approve ${SHORT}`, ''],
  ['reject', `/planwarden reject ${SHORT}\r\n\r\nNot on a Friday.`, 'Not on a Friday.'],
])('a command is a vote of the one shape: %s', (decision, body, reason) => {
  expect(read(comment(body))).toEqual({
    uncounted: [],
    votes: [
      {
        subjectDigest: D,
        decision,
        person: 'reviewer',
        githubId: 2,
        road: 'pull_request_comment',
        reference: 'comment:7',
        reason,
        at: '2030-01-01T00:00:00Z',
        assurance: 'account',
      },
    ],
  });
});

// gate: comment-unedited
test.each<[string, string, Partial<Comment>]>([
  ['VOTE_EDITED', `/planwarden approve ${SHORT}`, { updatedAt: '2030-01-01T00:00:01Z' }],
  ['VOTE_EDITED', `/planwarden approve ${SHORT}`, { isEdited: true }],
  ['VOTER_IS_BOT', `/planwarden approve ${SHORT}`, { user: { id: 2, type: 'Bot' } }],
  ['VOTER_IS_BOT', `/planwarden approve ${SHORT}`, { isByApp: true }],
  ['VOTE_MALFORMED', '/planwarden approve', {}],
  ['VOTE_MALFORMED', `/planwarden approve ${SHORT.slice(0, 11)}`, {}],
  ['VOTE_MALFORMED', `/planwarden approve ${SHORT}c`, {}],
  ['VOTE_MALFORMED', `/planwarden approve ${SHORT.toUpperCase()}`, {}],
  ['VOTE_MALFORMED', `/planwarden approve ${SHORT} please`, {}],
])('%s: %s %j', (code, body, more) => {
  const { votes, uncounted } = read(comment(body, more));
  expect([votes, uncounted.map((one) => one.code)]).toEqual([[], [code]]);
});

// gate: reject-blocks
test.each<[string, string, Partial<Comment>, string[], string[]]>([
  ['edited into talk', 'Fine.', { original: `/planwarden reject ${SHORT}` }, ['reject'], []],
  [
    'edited into an approval',
    `/planwarden approve ${SHORT}`,
    { original: `/planwarden reject ${SHORT}` },
    ['reject'],
    ['VOTE_EDITED'],
  ],
  ['of which nobody can tell what it was', 'Fine.', { original: null }, ['reject'], []],
  ['that was talk', `/planwarden reject ${SHORT}`, { original: 'Fine.' }, [], ['VOTE_EDITED']],
  ['that was an approval', 'Fine.', { original: `/planwarden approve ${SHORT}` }, [], []],
  ['of a bot', 'Fine.', { original: `/planwarden reject ${SHORT}`, user: { id: 2, type: 'Bot' } }, [], []],
])('a comment %s', (_, body, more, decisions, codes) => {
  const { votes, uncounted } = read(comment(body, { isEdited: true, ...more }));
  expect(votes.map((one) => [one.decision, one.subjectDigest])).toEqual(decisions.map((one) => [one, D]));
  expect(uncounted.map((one) => one.code)).toEqual(codes);
});

test('an earlier round keeps its own digest, a strange one none of ours', () => {
  expect(read(comment(`/planwarden approve ${'f'.repeat(12)}`)).votes).toMatchObject([{ subjectDigest: OLD }]);
  expect(read(comment(`/planwarden approve ${'e'.repeat(12)}`)).votes).toMatchObject([
    { subjectDigest: `named:${'e'.repeat(12)}` },
  ]);
});

test.each([
  '> /planwarden approve 0123456789ab',
  'please /planwarden approve 0123456789ab',
  'text\n/planwarden approve 0123456789ab',
  '`/planwarden approve 0123456789ab`',
  '/planwarden approved 0123456789ab',
])('is talk: %s', (body) => {
  expect(read(comment(body))).toEqual({ votes: [], uncounted: [] });
});

test('a subject made to begin like an earlier one does not inherit its comments', () => {
  const alike = `sha256:${SHORT}${'9'.repeat(52)}`;
  const { votes } = votesFromComments({
    comments: [comment(`/planwarden approve ${SHORT}`)],
    subjectDigest: alike,
    earlierDigests: [D],
    people,
  });
  expect(votes).toMatchObject([{ subjectDigest: D }]);
});
