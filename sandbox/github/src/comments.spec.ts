import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openPull, openSandbox, refusal, repo, type Sandbox } from './sandbox.spec-kit.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox();
});
afterEach(() => {
  expect(sandbox.failures).toEqual([]);
  expect(sandbox.control.violations()).toBe(0);
});
afterAll(() => sandbox.end());

const editsOf = (ids: string[]) =>
  sandbox.release.graphql<{ nodes: unknown[] }>(
    'query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { lastEditedAt includesCreatedEdit } } }',
    { ids },
  );

test('comments come in pages; the release App reads them with pull_requests alone', async () => {
  const pull = await openPull(sandbox, 'run/talk', false);
  for (let n = 1; n <= 3; n += 1) {
    await sandbox.reviewer.rest.issues.createComment({ ...repo, issue_number: pull.number, body: `number ${n}` });
  }
  const list = sandbox.release.rest.issues.listComments;
  expect((await list({ ...repo, issue_number: pull.number, per_page: 2 })).data).toHaveLength(2);
  const all = await sandbox.release.paginate(list, { ...repo, issue_number: pull.number, per_page: 2 });
  expect(all.map(({ body }) => body)).toEqual(['number 1', 'number 2', 'number 3']);
  expect(all[0]).toMatchObject({ user: { id: 1002, type: 'User' } });
});

test('an edit is told by GraphQL even within the second; a deleted comment is gone', async () => {
  const pull = await openPull(sandbox, 'run/edit', false);
  const { createComment, updateComment, deleteComment } = sandbox.reviewer.rest.issues;
  const { data: made } = await createComment({ ...repo, issue_number: pull.number, body: 'yes' });
  expect((await editsOf([made.node_id])).nodes).toEqual([{ lastEditedAt: null, includesCreatedEdit: false }]);
  await updateComment({ ...repo, comment_id: made.id, body: 'no' });
  expect((await editsOf([made.node_id])).nodes).toEqual([
    { lastEditedAt: expect.any(String), includesCreatedEdit: true },
  ]);
  await deleteComment({ ...repo, comment_id: made.id });
  expect((await editsOf([made.node_id])).nodes).toEqual([null]);
  expect(await refusal(deleteComment({ ...repo, comment_id: made.id }))).toMatchObject({ status: 404 });
});

test('every version of a text is told, the one it was made as included', async () => {
  const pull = await openPull(sandbox, 'run/versions', false);
  const { createComment, updateComment } = sandbox.reviewer.rest.issues;
  const { data: made } = await createComment({ ...repo, issue_number: pull.number, body: 'one' });
  await updateComment({ ...repo, comment_id: made.id, body: 'two' });
  for (const body of ['first', 'second']) {
    await sandbox.reviewer.rest.pulls.update({ ...repo, pull_number: pull.number, body });
  }
  const versions = 'userContentEdits(first: 2) { totalCount pageInfo { hasNextPage endCursor } nodes { diff } }';
  const { nodes } = await sandbox.release.graphql<{ nodes: unknown[] }>(
    `query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { ${versions} } } }`,
    { ids: [made.node_id] },
  );
  expect(nodes).toMatchObject([
    {
      userContentEdits: { totalCount: 2, pageInfo: { hasNextPage: false }, nodes: [{ diff: 'two' }, { diff: 'one' }] },
    },
  ]);
  const { repository } = await sandbox.release.graphql<{ repository: { pullRequest: unknown } }>(
    `query($owner: String!, $repo: String!, $number: Int!) { repository(owner: $owner, name: $repo) {
       pullRequest(number: $number) { ${versions} } } }`,
    { ...repo, number: pull.number },
  );
  const { userContentEdits } = repository.pullRequest as {
    userContentEdits: { totalCount: number; pageInfo: { hasNextPage: boolean }; nodes: { diff: string }[] };
  };
  expect(userContentEdits).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
  expect(userContentEdits.nodes).toEqual([{ diff: 'second' }, { diff: 'first' }]);
});

test('what each says to webhooks is checked against the published schema', async () => {
  const pull = await openPull(sandbox, 'run/bell', false);
  const { createComment, updateComment, deleteComment } = sandbox.reviewer.rest.issues;
  const { data: made } = await createComment({ ...repo, issue_number: pull.number, body: 'one' });
  await updateComment({ ...repo, comment_id: made.id, body: 'two' });
  await deleteComment({ ...repo, comment_id: made.id });
  // A payload that breaks the schema is a violation and an error of the log: afterEach holds both at none.
  expect((await sandbox.reviewer.rest.issues.listComments({ ...repo, issue_number: pull.number })).data).toEqual([]);
});
