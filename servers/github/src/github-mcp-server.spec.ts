import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, type Transport } from '@modelcontextprotocol/client';
import { noFaults, type Target } from '@planwarden/contracts';
import { loadPins, McpGateway, schemaDigest } from '@planwarden/mcp-client';
import { HOSTILE_MODES, hostileGitHub } from '@planwarden/sandbox-hostile-mcp';
import { type GitHubRecorder, ok, startGitHubRecorder } from './github-recorder.spec-kit.js';
import { createGitHubMcpServer, inProcessTransport } from './index.js';

const pins = loadPins('github');
const R = '/repos/acme/infra';
const repo = { owner: 'acme', repo: 'infra' };
const sha = (digit: string): string => digit.repeat(40);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const target = { name: 'shop-staging' } as unknown as Target;

let github: GitHubRecorder;
let gateway: McpGateway;
beforeEach(async () => {
  github = await startGitHubRecorder();
  gateway = await openGateway(github.baseUrl);
});
afterEach(async () => {
  await gateway.close();
  await github.close();
});

const serverAt = (baseUrl: string) => createGitHubMcpServer({ baseUrl, token: async () => 'author-token-1' });

function openGateway(
  baseUrl: string,
  transport: () => Promise<Transport> = inProcessTransport(serverAt(baseUrl)),
): Promise<McpGateway> {
  return McpGateway.connect({
    servers: {
      github: {
        transport: { kind: 'in-process', transport },
        allow: Object.keys(pins),
        pinned: pins,
        deadlineMs: 20_000,
        maxResponseBytes: 1_000_000,
      },
    },
    interceptors: [],
    redact: (value) => value,
    journal: async () => undefined,
    assertApproval: () => undefined,
    faults: noFaults,
    log: quiet,
  });
}

const call = (tool: string, args: Record<string, unknown>) =>
  gateway.call({
    server: 'github',
    tool,
    args,
    run: 'run_1',
    step: 'test',
    target,
    signal: new AbortController().signal,
  });

const serveBranch = (name: string): void => {
  github.on(`GET ${R}/git/ref/heads/${name}`, () =>
    ok({ ref: `refs/heads/${name}`, object: { type: 'commit', sha: sha('1') } }),
  );
  github.on(`GET ${R}/git/commits/${sha('1')}`, () => ok({ sha: sha('1'), tree: { sha: sha('2') } }));
  github.on(`POST ${R}/git/trees`, () => ok({ sha: sha('3') }, 201));
  github.on(`POST ${R}/git/commits`, () => ok({ sha: sha('4'), message: 'm' }, 201));
  github.on(`PATCH ${R}/git/refs/heads/${name}`, () => ok({ ref: `refs/heads/${name}`, object: { sha: sha('4') } }));
};
const writes = () => github.seen.filter(({ method }) => method !== 'GET');

describe('what the server lists', () => {
  test('exactly the pinned tools, each with the pinned input schema', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(await inProcessTransport(serverAt(github.baseUrl))());
    const { tools } = await client.listTools();
    await client.close();
    const listed = Object.fromEntries(tools.map((tool) => [tool.name, schemaDigest(tool.inputSchema)]));
    const pinned = Object.fromEntries(Object.entries(pins).map(([name, schema]) => [name, schemaDigest(schema)]));
    expect(listed).toEqual(pinned);
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name)).toEqual([
      'get_file_contents',
      'pull_request_read',
    ]);
  });

  test('nothing by which a pull request could be merged or dispatched', () => {
    expect(Object.keys(pins).filter((name) => /merge|dispatch|workflow/.test(name))).toEqual([]);
    expect(Object.keys(pins).filter((name) => name.includes('review'))).toEqual([
      'add_comment_to_pending_review',
      'pull_request_review_write',
    ]);
  });
});

describe('pull_request_review_write', () => {
  test.each(['create', 'submit_pending'])('never approves by %s, and asks GitHub nothing', async (method) => {
    const args = { ...repo, pullNumber: 7, method, event: 'APPROVE', body: 'Fine' };
    const answer = await call('pull_request_review_write', args);
    expect(answer).toMatchObject({ isError: true });
    expect(answer.text).toContain('never approves');
    expect(github.seen).toEqual([]);
  });

  test('resolves no threads', async () => {
    const answer = await call('pull_request_review_write', {
      ...{ ...repo, pullNumber: 7, method: 'resolve_thread', threadId: 'x' },
    });
    expect(answer).toMatchObject({ isError: true });
    expect(github.seen).toEqual([]);
  });
});

describe('create_branch', () => {
  test('starts at the default branch when none is named, with a fresh token', async () => {
    github.on(`GET ${R}`, () => ok({ default_branch: 'main' }));
    serveBranch('main');
    github.on(`POST ${R}/git/refs`, ({ body }) => ok(body, 201));
    const answer = await call('create_branch', { ...repo, branch: 'planwarden/run_1' });
    expect(JSON.parse(answer.text)).toEqual({ ref: 'refs/heads/planwarden/run_1', sha: sha('1') });
    expect(github.seen.every(({ authorization }) => authorization === 'Bearer author-token-1')).toBe(true);
  });

  test('tells a branch that is there already with its status, as the official server does', async () => {
    serveBranch('main');
    github.on(`POST ${R}/git/refs`, () => ok({ message: 'Reference already exists' }, 422));
    const answer = await call('create_branch', { ...repo, branch: 'b', from_branch: 'main' });
    expect(answer).toMatchObject({ isError: true, status: 422, failure: 'final' });
    expect(answer.text).toBe(
      `failed to create branch: POST ${github.baseUrl}${R}/git/refs: 422 Reference already exists []`,
    );
  });
});

describe('push_files', () => {
  test('makes one commit on top of the branch and never forces', async () => {
    serveBranch('planwarden/run_1');
    const files = [
      { path: 'a.yaml', content: 'a: 1\n' },
      { path: 'dir/ü.yaml', content: '' },
    ];
    const answer = await call('push_files', { ...repo, branch: 'planwarden/run_1', message: 'm', files });
    expect(JSON.parse(answer.text)).toMatchObject({ object: { sha: sha('4') } });
    expect(writes().map(({ body }) => body)).toEqual([
      {
        base_tree: sha('2'),
        tree: files.map((file) => ({ ...file, mode: '100644', type: 'blob' })),
      },
      { message: 'm', tree: sha('3'), parents: [sha('1')] },
      { sha: sha('4'), force: false },
    ]);
  });

  test('writes nothing to a branch that is not there', async () => {
    const answer = await call('push_files', {
      ...repo,
      branch: 'gone',
      message: 'm',
      files: [{ path: 'a', content: 'a' }],
    });
    expect(answer).toMatchObject({ isError: true, status: 404 });
    expect(writes()).toEqual([]);
  });

  test('refuses an empty list and an empty branch name', async () => {
    const empty = await call('push_files', { ...repo, branch: 'b', message: 'm', files: [] });
    expect(empty).toMatchObject({ isError: true, text: 'missing required parameter: files' });
    const nameless = await call('push_files', {
      ...repo,
      branch: '',
      message: 'm',
      files: [{ path: 'a', content: '' }],
    });
    expect(nameless).toMatchObject({ isError: true, text: 'missing required parameter: branch' });
    expect(github.seen).toEqual([]);
  });

  test('cannot delete: a file without content is refused before anything is sent', async () => {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(await inProcessTransport(serverAt(github.baseUrl))());
    const args = { ...repo, branch: 'b', message: 'm', files: [{ path: 'a', content: null }] };
    const result = await client.callTool({ name: 'push_files', arguments: args });
    await client.close();
    expect(result).toMatchObject({ isError: true, structuredContent: { code: 'INPUT_INVALID' } });
    expect(github.seen).toEqual([]);
  });
});

describe('a hostile server before this one', () => {
  test.each(HOSTILE_MODES)('%s: passes the pins and pushes something else than the gateway sent', async (mode) => {
    await gateway.close();
    gateway = await openGateway(github.baseUrl, hostileGitHub(inProcessTransport(serverAt(github.baseUrl)), { mode }));
    serveBranch('b');
    const files = [{ path: 'a.yaml', content: 'replicas: 3\n' }];
    const answer = await call('push_files', { ...repo, branch: 'b', message: 'm', files });
    expect(answer.isError).toBe(false);
    const asSent = files.map((file) => ({ ...file, mode: '100644', type: 'blob' }));
    const tree = mode === 'change-byte' ? [expect.anything()] : [...asSent, expect.anything()];
    expect(writes()[0]?.body).toMatchObject({ tree });
    expect(writes()[0]?.body).not.toMatchObject({ tree: asSent });
  });
});

describe('single files', () => {
  test('delete_file removes it by a commit', async () => {
    serveBranch('b');
    const answer = await call('delete_file', { ...repo, branch: 'b', path: 'old.yaml', message: 'm' });
    expect(JSON.parse(answer.text)).toMatchObject({ commit: { sha: sha('4') }, content: null });
    expect(writes()[0]?.body).toMatchObject({
      tree: [{ path: 'old.yaml', mode: '100644', type: 'blob', sha: null }],
    });
  });

  test('create_or_update_file overwrites only what the caller has seen', async () => {
    github.on(`GET ${R}/contents/a.yaml`, () => ok({ type: 'file', sha: sha('5') }));
    github.on(`PUT ${R}/contents/a.yaml`, () => ok({ content: { sha: sha('6') }, commit: { sha: sha('7') } }));
    const args = { ...repo, path: 'a.yaml', content: 'a: 2\n', message: 'm', branch: 'b' };
    expect(await call('create_or_update_file', args)).toMatchObject({ isError: true });
    expect(await call('create_or_update_file', { ...args, sha: sha('9') })).toMatchObject({ isError: true });
    expect(writes()).toEqual([]);
    expect(await call('create_or_update_file', { ...args, sha: sha('5') })).toMatchObject({ isError: false });
    expect(writes()[0]?.body).toEqual({
      message: 'm',
      branch: 'b',
      content: Buffer.from('a: 2\n').toString('base64'),
      sha: sha('5'),
    });
  });

  test('get_file_contents answers text as a resource, read at the commit of the ref', async () => {
    serveBranch('main');
    const content = Buffer.from('grüße: 1\n').toString('base64');
    github.on(`GET ${R}/contents/a/b c.yaml`, () => ok({ type: 'file', sha: sha('5'), encoding: 'base64', content }));
    const answer = await call('get_file_contents', { ...repo, path: '/a/b c.yaml', ref: 'main' });
    expect(answer.text).toBe(`successfully downloaded text file (SHA: ${sha('5')})`);
    expect(answer.resources).toEqual([
      { uri: 'repo://acme/infra/refs/heads/main/contents/a/b%20c.yaml', text: 'grüße: 1\n' },
    ]);
    expect(github.seen.at(-1)?.query).toEqual({ ref: sha('1') });
  });

  test('get_file_contents reads large files from their blob, and folders as a list', async () => {
    const content = Buffer.from('large').toString('base64');
    github.on(`GET ${R}/contents/big`, () => ok({ type: 'file', sha: sha('5'), encoding: 'none', content: '' }));
    github.on(`GET ${R}/git/blobs/${sha('5')}`, () => ok({ encoding: 'base64', content }));
    github.on(`GET ${R}/contents`, () => ok([{ type: 'dir', name: 'a', path: 'a' }]));
    expect((await call('get_file_contents', { ...repo, path: 'big', sha: sha('1') })).resources[0]?.text).toBe('large');
    expect(JSON.parse((await call('get_file_contents', { ...repo })).text)).toEqual([
      { type: 'dir', name: 'a', path: 'a' },
    ]);
  });

  test('get_file_contents refuses bytes that are no text, and an unknown ref', async () => {
    const content = Buffer.from([1, 0, 2]).toString('base64');
    github.on(`GET ${R}/contents/bin`, () => ok({ type: 'file', sha: sha('5'), encoding: 'base64', content }));
    expect(await call('get_file_contents', { ...repo, path: 'bin' })).toMatchObject({ isError: true });
    expect(await call('get_file_contents', { ...repo, path: 'bin', ref: 'nowhere' })).toMatchObject({ isError: true });
  });
});

const pull = {
  id: 77,
  node_id: 'PR_1',
  number: 7,
  title: 't',
  body: null,
  state: 'open',
  draft: true,
  merged: false,
  html_url: 'https://github.test/acme/infra/pull/7',
  user: { login: 'author[bot]', id: 5, secret_field: 'not passed on' },
  labels: [{ name: 'planwarden' }],
  head: { ref: 'b', sha: sha('4'), repo: { full_name: 'acme/infra' } },
  base: { ref: 'main', sha: sha('1'), repo: { full_name: 'acme/infra' } },
};

describe('pull requests', () => {
  test('create_pull_request opens a draft and answers id and url, as the official server does', async () => {
    github.on(`POST ${R}/pulls`, () => ok(pull, 201));
    const args = { ...repo, title: 't', head: 'b', base: 'main', body: 'text', draft: true };
    const answer = await call('create_pull_request', args);
    expect(JSON.parse(answer.text)).toEqual({ id: '77', url: pull.html_url });
    expect(writes()[0]?.body).toEqual({ title: 't', head: 'b', base: 'main', body: 'text', draft: true });
  });

  test('update_pull_request sends only what is given, and changes the draft state by GraphQL', async () => {
    github.on(`GET ${R}/pulls/7`, () => ok(pull));
    github.on(`PATCH ${R}/pulls/7`, () => ok(pull));
    github.on('POST /graphql', () => ok({ data: {} }));
    await call('update_pull_request', { ...repo, pullNumber: 7, state: 'closed' });
    expect(writes().map(({ body }) => body)).toEqual([{ state: 'closed' }]);
    await call('update_pull_request', { ...repo, pullNumber: 7, draft: true });
    expect(writes()).toHaveLength(1);
    await call('update_pull_request', { ...repo, pullNumber: 7, draft: false });
    expect(writes()[1]?.body).toMatchObject({ variables: { id: 'PR_1' } });
    expect(await call('update_pull_request', { ...repo, pullNumber: 7 })).toMatchObject({ isError: true });
  });

  test('update_pull_request_branch passes on which head was meant', async () => {
    github.on(`PUT ${R}/pulls/7/update-branch`, () => ok({ message: 'Updating' }, 202));
    const answer = await call('update_pull_request_branch', { ...repo, pullNumber: 7, expectedHeadSha: sha('4') });
    expect(answer).toMatchObject({ isError: false, text: 'Pull request branch update is in progress' });
    expect(writes()[0]?.body).toEqual({ expected_head_sha: sha('4') });
  });

  test('add_issue_comment answers where the comment is', async () => {
    github.on(`POST ${R}/issues/7/comments`, () => ok({ id: 9, html_url: 'https://github.test/c/9' }, 201));
    const answer = await call('add_issue_comment', { ...repo, issue_number: 7, body: 'hello' });
    expect(JSON.parse(answer.text)).toEqual({ id: '9', url: 'https://github.test/c/9' });
  });

  test('pull_request_read answers short forms of each method', async () => {
    github.on(`GET ${R}/pulls/7`, () => ok(pull));
    github.on(`GET ${R}/pulls/7/reviews`, () =>
      ok([{ id: 1, state: 'APPROVED', body: '', html_url: 'u', user: pull.user, commit_id: sha('4') }]),
    );
    github.on(`GET ${R}/pulls/7/files`, ({ query }) =>
      ok([{ filename: `page${query.page}`, status: 'added', additions: 1, deletions: 0, changes: 1 }]),
    );
    github.on(`GET ${R}/commits/${sha('4')}/check-runs`, () =>
      ok({ total_count: 1, check_runs: [{ id: 3, name: 'plan', status: 'completed', conclusion: 'success' }] }),
    );
    const read = async (method: string, more = {}) =>
      JSON.parse((await call('pull_request_read', { ...repo, pullNumber: 7, method, ...more })).text);
    expect(await read('get')).toMatchObject({ number: 7, body: '', head: { sha: sha('4') }, labels: ['planwarden'] });
    expect(await read('get_reviews')).toMatchObject([{ state: 'APPROVED', commit_id: sha('4'), user: { id: 5 } }]);
    expect(await read('get_files', { page: 2, perPage: 10 })).toMatchObject([{ filename: 'page2' }]);
    expect(await read('get_check_runs')).toMatchObject({ total_count: 1, check_runs: [{ conclusion: 'success' }] });
  });

  test('pull_request_read says that it does not read review threads', async () => {
    const answer = await call('pull_request_read', { ...repo, pullNumber: 7, method: 'get_review_comments' });
    expect(answer).toMatchObject({ isError: true, structured: { code: 'NOT_SUPPORTED' } });
  });
});

describe('failures', () => {
  test('a GitHub that cannot be reached is worth another try', async () => {
    await github.close();
    const answer = await call('create_branch', { ...repo, branch: 'b', from_branch: 'main' });
    expect(answer).toMatchObject({ isError: true, status: null, failure: 'retryable' });
  });

  test('details of a refusal are told, secrets in them and our token are not', async () => {
    const leaked = `ghp_${'a1B2'.repeat(9)}`;
    github.on(`POST ${R}/pulls`, () =>
      ok(
        {
          message: 'Validation Failed',
          errors: [{ resource: 'PullRequest', code: 'custom', message: `A pull request already exists ${leaked}` }],
        },
        422,
      ),
    );
    const { text, status } = await call('create_pull_request', { ...repo, title: 't', head: 'b', base: 'main' });
    expect(status).toBe(422);
    expect(text).toContain('A pull request already exists');
    expect(text).not.toContain(leaked);
    expect(text).not.toContain('author-token-1');
  });
});
