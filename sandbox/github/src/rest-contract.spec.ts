import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openPull, openSandbox, pushBranch, refusal, repo, type Sandbox } from './sandbox.spec-kit.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await openSandbox({ files: { '.github/workflows/ci.yaml': 'on: push\n', 'apps/a.yaml': 'a: 1\n' } });
});
afterEach(() => {
  expect(sandbox.failures).toEqual([]);
  expect(sandbox.control.violations()).toBe(0);
});
afterAll(() => sandbox.end());

const call = (path: string, init: RequestInit = {}) =>
  fetch(`${sandbox.url}${path}`, {
    ...init,
    headers: { authorization: `token ${sandbox.token('operator')}`, ...init.headers },
  });

describe('what the published contract says', () => {
  test('holds for every read', async () => {
    const { operator, release } = sandbox;
    const { data: me } = await operator.rest.users.getAuthenticated();
    expect(me).toMatchObject({ login: 'operator', id: 1001 });
    const { data: about } = await operator.rest.repos.get(repo);
    expect(about).toMatchObject({ id: 300001, default_branch: 'main' });
    await operator.rest.users.getByUsername({ username: 'reviewer' });
    await release.rest.apps.getAuthenticated();
    expect((await release.rest.repos.getBranchProtection({ ...repo, branch: 'main' })).data).toMatchObject({
      required_pull_request_reviews: { required_approving_review_count: 1 },
    });
    expect((await operator.rest.repos.getBranch({ ...repo, branch: 'main' })).data.protected).toBe(true);
    expect((await operator.rest.repos.listBranches(repo)).data.map(({ name }) => name)).toContain('main');
    expect((await operator.rest.repos.getRepoRulesets(repo)).data).toEqual([]);
    expect((await operator.rest.repos.getBranchRules({ ...repo, branch: 'main' })).data).toEqual([]);
    const held = await operator.rest.repos.getCollaboratorPermissionLevel({ ...repo, username: 'reviewer' });
    expect(held.data.permission).toBe('write');
    await operator.rest.repos.listCollaborators(repo);
    await operator.rest.git.listMatchingRefs({ ...repo, ref: 'heads/ma' });
    const { data: tree } = await operator.rest.git.getTree({ ...repo, tree_sha: 'main', recursive: '1' });
    expect(tree.tree.map(({ path }) => path)).toContain('apps/a.yaml');
    const blob = tree.tree.find(({ path }) => path === 'apps/a.yaml')?.sha ?? '';
    const { data: content } = await operator.rest.git.getBlob({ ...repo, file_sha: blob });
    expect(Buffer.from(content.content, 'base64').toString()).toBe('a: 1\n');
    const { data: commits } = await operator.rest.repos.listCommits({ ...repo, path: 'apps' });
    expect(commits).toHaveLength(1);
    expect((await operator.rest.repos.getCommit({ ...repo, ref: 'main' })).data.files?.length).toBe(3);
    expect((await operator.rest.repos.getCombinedStatusForRef({ ...repo, ref: 'main' })).data.state).toBe('pending');
    expect((await operator.rest.repos.getContent({ ...repo, path: '' })).data).toHaveLength(3);
    expect((await operator.rest.repos.getContent({ ...repo, path: 'apps/a.yaml' })).data).toMatchObject({ sha: blob });
    const found = await operator.graphql(
      'query { viewer { login } repository(owner: "platform", name: "infrastructure") { id } }',
    );
    expect(found).toMatchObject({ viewer: { login: 'operator' } });
  });

  test('holds for file edits, and a stale edit is refused', async () => {
    const { author } = sandbox;
    await pushBranch(author, 'edit/files', { 'first.txt': '1\n' });
    const content = Buffer.from('two\n').toString('base64');
    const put = (sha?: string) =>
      author.rest.repos.createOrUpdateFileContents({
        ...repo,
        path: 'dir/two.txt',
        branch: 'edit/files',
        message: 'm',
        content,
        ...(sha ? { sha } : {}),
      });
    const { data } = await put();
    expect(await refusal(put('0'.repeat(40)))).toMatchObject({ status: 409 });
    expect(await refusal(put())).toMatchObject({ status: 422 });
    await author.rest.repos.deleteFile({
      ...repo,
      path: 'dir/two.txt',
      branch: 'edit/files',
      message: 'd',
      sha: data.content?.sha ?? '',
    });
    expect(
      await refusal(author.rest.repos.getContent({ ...repo, path: 'dir/two.txt', ref: 'edit/files' })),
    ).toMatchObject({ status: 404 });
    await author.rest.git.deleteRef({ ...repo, ref: 'heads/edit/files' });
    expect(await refusal(author.rest.git.getRef({ ...repo, ref: 'heads/edit/files' }))).toMatchObject({ status: 404 });
  });

  test('answers 422 to a bad body or query, 400 to what is no JSON, 404 to what it does not have', async () => {
    const post = (body: string) => call('/repos/platform/infrastructure/git/refs', { method: 'POST', body });
    expect((await post('{"ref":"refs/heads/x"}')).status).toBe(422);
    expect((await post('{"ref":"refs/heads/x","sha":7}')).status).toBe(422);
    expect((await post('{"ref":"refs/heads/x","sha":"y","more":1}')).status).toBe(422);
    expect((await post('{')).status).toBe(400);
    expect((await call('/repos/platform/infrastructure/pulls?state=odd')).status).toBe(422);
    expect((await call('/repos/platform/infrastructure/pulls/x')).status).toBe(404);
    expect((await call('/repos/platform/other')).status).toBe(404);
    expect((await call('/gists')).status).toBe(404);
    expect((await fetch(`${sandbox.url}/user`)).status).toBe(401);
    expect((await fetch(`${sandbox.url}/user`, { headers: { authorization: 'token no' } })).status).toBe(401);
  });

  test('pages lists, answers 304 to a known ETag, and serves an enterprise client', async () => {
    const pull = await openPull(sandbox, 'run/pages');
    const comment = (body: string) =>
      sandbox.author.rest.issues.createComment({ ...repo, issue_number: pull.number, body });
    for (const body of ['1', '2', '3']) await comment(body);
    const first = (await comment('4')).data.id;
    await sandbox.author.rest.issues.updateComment({ ...repo, comment_id: first, body: 'four' });
    const all = await sandbox.author.paginate(sandbox.author.rest.issues.listComments, {
      ...repo,
      issue_number: pull.number,
      per_page: 2,
    });
    expect(all.map(({ body }) => body)).toEqual(['1', '2', '3', 'four']);
    const one = await call('/api/v3/repos/platform/infrastructure');
    const again = await call('/repos/platform/infrastructure', {
      headers: { 'if-none-match': one.headers.get('etag') ?? '' },
    });
    expect([one.status, again.status]).toEqual([200, 304]);
    const raw = await call('/raw/platform/infrastructure/refs/heads/main/apps/a.yaml');
    expect(await raw.text()).toBe('a: 1\n');
    const body = JSON.stringify({ query: 'query { viewer { login } }' });
    expect(await (await call('/api/graphql', { method: 'POST', body })).json()).toEqual({
      data: { viewer: { login: 'operator' } },
    });
  });

  test('says in GraphQL what it does not support', async () => {
    const ask = (query: string) => sandbox.operator.graphql(query);
    await expect(ask('query { viewer { bio } }')).rejects.toThrow('The sandbox does not support User.bio');
    await expect(ask('query { nonsense }')).rejects.toThrow('Cannot query field');
    const pull = await openPull(sandbox, 'run/graph');
    const query = `query { repository(owner: "platform", name: "infrastructure") { pullRequest(number: ${pull.number}) { id isDraft state headRefOid } } }`;
    expect(await ask(query)).toMatchObject({
      repository: { pullRequest: { id: pull.nodeId, state: 'OPEN', headRefOid: pull.head } },
    });
  });
});

describe('what an App may not', () => {
  test('is refused in the words of GitHub', async () => {
    const { author, release } = sandbox;
    const pull = await openPull(sandbox, 'run/powers');
    const checks = author.rest.checks.create({ ...repo, name: 'gate', head_sha: pull.head, conclusion: 'success' });
    expect(await refusal(checks)).toEqual({
      status: 403,
      text: expect.stringContaining('Resource not accessible by integration'),
    });
    expect(await refusal(author.rest.repos.getBranchProtection({ ...repo, branch: 'main' }))).toMatchObject({
      status: 403,
    });
    const byPerson = sandbox.reviewer.rest.checks.create({ ...repo, name: 'gate', head_sha: pull.head });
    expect(await refusal(byPerson)).toMatchObject({ status: 403 });
    const main = release.rest.git.updateRef({ ...repo, ref: 'heads/main', sha: pull.head });
    expect(await refusal(main)).toEqual({
      status: 422,
      text: expect.stringContaining('Protected branch update failed'),
    });
    const wrong = release.rest.apps.createInstallationAccessToken({ installation_id: 7001 });
    expect(await refusal(wrong)).toMatchObject({ status: 404 });
  });

  test('holds for workflow files on every road', async () => {
    const { author } = sandbox;
    const path = '.github/workflows/ci.yaml';
    expect(await refusal(pushBranch(author, 'run/flow', { [path]: 'on: [push]\n' }))).toMatchObject({ status: 403 });
    const content = Buffer.from('on: never\n').toString('base64');
    const put = author.rest.repos.createOrUpdateFileContents({
      ...repo,
      path: '.github/workflows/new.yaml',
      branch: 'run/flow',
      message: 'm',
      content,
    });
    expect(await refusal(put)).toMatchObject({ status: 403 });
  });
});
