import { expect, test } from '@jest/globals';
import { breakGlassChallenge, voteChallenge } from './challenges.js';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

test('a vote is signed over the bytes of the subject digest', () => {
  expect(voteChallenge(digest)).toBe('ASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4mrze8');
});

test('breaking the glass is signed over something else', async () => {
  const challenge = await breakGlassChallenge(digest);
  expect(challenge).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(challenge).not.toBe(voteChallenge(digest));
});
