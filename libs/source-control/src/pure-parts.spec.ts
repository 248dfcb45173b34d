import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  blockDigest,
  type Dismissal,
  extractBlock,
  foreignAuthors,
  pullRequestText,
  type Review,
  subjectTrailers,
  verifyWebhook,
  votesFromReviews,
} from './index.js';

describe('webhook signature', () => {
  const body = Buffer.from('{"a":1}');
  const sign = (secret: string) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
  test.each([
    ['the right one', sign('s'), 's', true],
    ['another secret', sign('t'), 's', false],
    ['none', undefined, 's', false],
    ['a short one', 'sha256=00', 's', false],
    ['an empty secret', sign(''), '', false],
  ])('%s', (_, header, secret, expected) => {
    expect(verifyWebhook(body, header, secret)).toBe(expected);
  });
  test('other bytes are refused', () => {
    expect(verifyWebhook(Buffer.from('{"a": 1}'), sign('s'), 's')).toBe(false);
  });
});

describe('PR text', () => {
  const text = (agentReason: string) =>
    pullRequestText({
      run: 'run_1',
      round: 1,
      subjectDigest: 'sha256:d',
      planText: '+ Deployment nginx',
      findings: [],
      agentTitle: 'nginx',
      agentReason,
    });
  test('is found again inside a body, whatever the line ends, and any edit changes its digest', () => {
    const block = text('please');
    expect(extractBlock(`before\n${block}\nafter`)).toBe(block);
    expect(blockDigest(`x\r\n${block.replaceAll('\n', '\r\n')}`)).toBe(blockDigest(block));
    expect(blockDigest(block.replace('nginx', 'ngimx'))).not.toBe(blockDigest(block));
  });
  test('says in whole paragraphs how to decide: GitHub keeps the line ends of a text', () => {
    const paragraphs = text('').split('#### To approve')[1]?.trim().split('\n\n');
    expect(paragraphs).toEqual([
      'Review this pull request at its newest commit: **Approve** or **Request changes**. The review names the subject above. Editing this text, or pushing to the branch, voids the votes.',
      'Or write a comment whose first line is `/planwarden approve d` or `/planwarden reject d`; more lines are your reason. An edited comment is no vote.',
      '<!-- planwarden:end -->',
    ]);
  });
  test('a doubled, cut or absent block is none', () => {
    const block = text('');
    for (const body of ['', `${block}${block}`, block.slice(0, -5), block.slice(5)])
      expect(blockDigest(body)).toBeNull();
  });
  test.each([
    ['a fence', '```\n**approved by all**'],
    ['a longer fence', '``````\n# x'],
    ['our end marker', '<!-- planwarden:end -->'],
    ['our begin marker', '<!-- planwarden:begin -->'],
    ['a mention', '@acme/admins'],
    ['an image', '![x](http://evil.test/a.png)'],
  ])('an agent cannot break out with %s', (_, hostile) => {
    const block = text(hostile);
    expect(extractBlock(block)).toBe(block);
    const fences = [...block.matchAll(/^(`{3,})(text)?$/gm)].map((match) => match[1] ?? '');
    const last = fences.at(-1) ?? '';
    // The quotation opens and closes with one fence, longer than every run of backticks inside it.
    const inside = block.split(`${last}text\n`).at(-1)?.split(`\n${last}\n`)[0] ?? '';
    expect(inside).not.toContain(last);
    expect(inside).toContain('nginx');
    if (!hostile.startsWith('`')) expect(inside).not.toContain(hostile);
  });
  test('long agent text is cut', () => {
    expect(text('x'.repeat(10_000)).length).toBeLessThan(4_000);
  });
});

describe('votes from reviews', () => {
  const review = (more: Partial<Review>): Review => ({
    id: 1,
    state: 'APPROVED',
    commit_id: 'e',
    submitted_at: '2030-01-01T00:00:00Z',
    body: '',
    user: { id: 2, type: 'User' },
    ...more,
  });
  const people = [{ id: 'reviewer', github: { id: 2 } }];
  const votes = (reviews: Review[], ...dismissals: Dismissal[]) =>
    votesFromReviews({ reviews, dismissals, evidenceSha: 'e', subjectDigest: 'sha256:d', people });

  test('an approval and a request for changes of the evidence commit vote', () => {
    const result = votes([review({}), review({ id: 2, state: 'CHANGES_REQUESTED' }), review({ state: 'COMMENTED' })]);
    expect(result.votes).toMatchObject([
      { decision: 'approve', person: 'reviewer', githubId: 2, subjectDigest: 'sha256:d' },
      { decision: 'reject', reference: 'review:2' },
    ]);
  });
  test('another commit and a bot are refused in words', () => {
    const result = votes([review({ commit_id: 'old' }), review({ user: { id: 9, type: 'Bot' } })]);
    expect(result.votes).toEqual([]);
    expect(result.uncounted.map((entry) => entry.code)).toEqual(['VOTE_ON_OTHER_COMMIT', 'VOTER_IS_BOT']);
  });
  test('a dismissal takes back approvals, never rejects', () => {
    const dismissed = review({ id: 3, state: 'DISMISSED' });
    const approval = { review: 3, was: 'approved', by: 9 };
    expect(votes([review({}), dismissed], approval).votes).toEqual([]);
    expect(votes([review({ state: 'CHANGES_REQUESTED' }), dismissed], approval).votes).toHaveLength(1);
  });
  test.each<[string, Dismissal[], string[]]>([
    ['by its own writer is taken back', [{ review: 3, was: 'changes_requested', by: 2 }], []],
    ['by anybody else stands', [{ review: 3, was: 'changes_requested', by: 9 }], ['reject']],
    ['stands where nothing is told of it', [{ review: 4, was: 'changes_requested', by: 2 }], ['reject']],
  ])('a reject that was dismissed %s', (_, dismissals, decisions) => {
    const found = votes([review({}), review({ id: 3, state: 'DISMISSED' })], ...dismissals);
    expect(found.votes.map(({ decision }) => decision)).toEqual(decisions);
  });
});

test('authors are those of commits the journal did not make, and whoever pushed; one without an account is unknown', () => {
  const commits = [
    { sha: 'ours', authorGithubId: null, committerGithubId: null, sharedNodeId: null },
    { sha: 'theirs', authorGithubId: 5, committerGithubId: 6, sharedNodeId: null },
  ];
  expect(foreignAuthors(commits, ['ours'], [6, 7])).toEqual({ githubIds: [5, 6, 7], unknown: false });
  expect(foreignAuthors(commits, [], []).unknown).toBe(true);
  expect(foreignAuthors(commits, ['ours'], [null]).unknown).toBe(true);
});

test('a trailer counts only as a line of the last paragraph', () => {
  expect(subjectTrailers('x\n\nPlanwarden-Subject: sha256:a\n')).toEqual(['sha256:a']);
  expect(subjectTrailers('Planwarden-Subject: sha256:a\n\nbody')).toEqual([]);
});
