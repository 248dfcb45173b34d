import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openSandbox, pushBranch, refusal, repo, type Sandbox } from './sandbox.spec-kit.js';

let sandbox: Sandbox;
let number = 0;
let head = '';
beforeAll(async () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  sandbox = await openSandbox({ files: { 'apps/long.yaml': `${lines.join('\n')}\n` } });
  lines[9] = 'line ten';
  head = await pushBranch(sandbox.operator, 'people/lines', { 'apps/long.yaml': `${lines.join('\n')}\n` });
  const { data } = await sandbox.operator.rest.pulls.create({
    ...repo,
    title: 'x',
    head: 'people/lines',
    base: 'main',
  });
  number = data.number;
});
afterEach(() => {
  expect(sandbox.failures).toEqual([]);
  expect(sandbox.control.violations()).toBe(0);
});
afterAll(() => sandbox.end());

const pull = () => ({ ...repo, pull_number: number });
const asOf = (line: number, body = 'Look here') => ({ path: 'apps/long.yaml', line, side: 'RIGHT', body });
const reviewsSeenBy = async (client: Sandbox['author']) =>
  (await client.rest.pulls.listReviews(pull())).data.map(({ state }) => state);
const commentsOf = async () => (await sandbox.operator.rest.pulls.listReviewComments(pull())).data;

test('a review takes comments on lines that the diff shows, and is refused as a whole for any other', async () => {
  const make = (line: number) =>
    sandbox.reviewer.rest.pulls.createReview({
      ...pull(),
      event: 'REQUEST_CHANGES',
      body: 'No',
      comments: [asOf(line)],
    });
  expect(await refusal(make(17))).toEqual({ status: 422, text: expect.stringContaining('Line could not be resolved') });
  expect(await reviewsSeenBy(sandbox.reviewer)).toEqual([]);
  const { data } = await make(10);
  expect(data).toMatchObject({ state: 'CHANGES_REQUESTED', commit_id: head });
  expect(await commentsOf()).toEqual([
    expect.objectContaining({
      ...{ path: 'apps/long.yaml', line: 10, side: 'RIGHT', body: 'Look here', commit_id: head },
      pull_request_review_id: data.id,
      diff_hunk: expect.stringContaining('+line ten'),
    }),
  ]);
  expect((await sandbox.operator.rest.pulls.get(pull())).data.review_comments).toBe(1);
});

test('a pending review is of its writer alone, one at a time, until it is submitted or taken away', async () => {
  const { author, reviewer } = sandbox;
  const { data: pending } = await author.rest.pulls.createReview({ ...pull(), comments: [asOf(12)] });
  expect(await reviewsSeenBy(reviewer)).toEqual(['CHANGES_REQUESTED']);
  expect(await reviewsSeenBy(author)).toEqual(['CHANGES_REQUESTED', 'PENDING']);
  expect(await commentsOf()).toHaveLength(1);
  const second = author.rest.pulls.createReview({ ...pull(), event: 'COMMENT', body: 'x' });
  expect(await refusal(second)).toEqual({ status: 422, text: expect.stringContaining('only have one pending review') });
  const theirs = reviewer.rest.pulls.submitReview({ ...pull(), review_id: pending.id, event: 'APPROVE' });
  expect(await refusal(theirs)).toMatchObject({ status: 404 });
  await author.rest.pulls.deletePendingReview({ ...pull(), review_id: pending.id });
  expect(await reviewsSeenBy(author)).toEqual(['CHANGES_REQUESTED']);

  const { data: again } = await author.rest.pulls.createReview({ ...pull(), comments: [asOf(12)] });
  await author.rest.pulls.submitReview({ ...pull(), review_id: again.id, event: 'COMMENT', body: 'Done' });
  expect(await commentsOf()).toHaveLength(2);
  expect(await refusal(author.rest.pulls.deletePendingReview({ ...pull(), review_id: again.id }))).toMatchObject({
    status: 422,
  });
});

test('the same over GraphQL; a place the diff does not show answers no thread', async () => {
  const { reviewer } = sandbox;
  const ask = <T>(query: string, input: object) => reviewer.graphql<T>(query, { input });
  const { data } = await reviewer.rest.pulls.get(pull());
  const made = await ask<{ addPullRequestReview: { pullRequestReview: { id: string; state: string } } }>(
    'mutation($input: AddPullRequestReviewInput!) { addPullRequestReview(input: $input) { pullRequestReview { id state } } }',
    { pullRequestId: data.node_id, commitOID: head },
  );
  const { id, state } = made.addPullRequestReview.pullRequestReview;
  expect(state).toBe('PENDING');
  const thread = async (line: number) =>
    ask<{ addPullRequestReviewThread: { thread: { id: string } | null } }>(
      'mutation($input: AddPullRequestReviewThreadInput!) { addPullRequestReviewThread(input: $input) { thread { id } } }',
      { pullRequestReviewId: id, path: 'apps/long.yaml', body: 'Here', line, side: 'RIGHT', subjectType: 'LINE' },
    );
  expect((await thread(2)).addPullRequestReviewThread.thread).toBeNull();
  expect((await thread(10)).addPullRequestReviewThread.thread).toEqual({ id: expect.any(String) });
  await ask(
    'mutation($input: SubmitPullRequestReviewInput!) { submitPullRequestReview(input: $input) { pullRequestReview { id } } }',
    { pullRequestReviewId: id, event: 'COMMENT', body: 'Read' },
  );
  const seen = await reviewer.graphql(
    `query { repository(owner: "platform", name: "infrastructure") { pullRequest(number: ${number}) {
      reviews(first: 1, author: "reviewer") { totalCount nodes { state url } } } } }`,
  );
  // Oldest first: the one a client finds by "first: 1" is not the newest.
  expect(seen).toMatchObject({
    repository: { pullRequest: { reviews: { totalCount: 2, nodes: [{ state: 'CHANGES_REQUESTED' }] } } },
  });
});
