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

test('what each says to webhooks is checked against the published schema', async () => {
  const pull = await openPull(sandbox, 'run/bell', false);
  const { createComment, updateComment, deleteComment } = sandbox.reviewer.rest.issues;
  const { data: made } = await createComment({ ...repo, issue_number: pull.number, body: 'one' });
  await updateComment({ ...repo, comment_id: made.id, body: 'two' });
  await deleteComment({ ...repo, comment_id: made.id });
  // A payload that breaks the schema is a violation and an error of the log: afterEach holds both at none.
  expect((await sandbox.reviewer.rest.issues.listComments({ ...repo, issue_number: pull.number })).data).toEqual([]);
});
