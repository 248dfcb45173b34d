import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { noFaults, silentLog, type Target } from '@planwarden/contracts';
import { loadPins, McpGateway, requireOk } from '@planwarden/mcp-client';
import { defaultSeed, type SandboxGitHub, startSandboxGitHub } from '@planwarden/sandbox-github';
import { createGitHubMcpServer, inProcessTransport } from './index.js';

const pins = loadPins('github');
const repo = { owner: 'platform', repo: 'infrastructure' };
const token = 'ghs_author_of_this_test_0000000000000001';
const dataFolder = mkdtempSync(join(tmpdir(), 'planwarden-github-server-'));
let github: SandboxGitHub;
let gateway: McpGateway;

beforeAll(async () => {
  const seed = defaultSeed({ author: { token }, files: { 'README.md': '# Infrastructure\n', 'old.yaml': 'old: 1\n' } });
  github = await startSandboxGitHub({ dataFolder, port: 0, seed, log: silentLog });
  const server = createGitHubMcpServer({ baseUrl: github.url, token });
  gateway = await McpGateway.connect({
    servers: {
      github: {
        transport: { kind: 'in-process', transport: inProcessTransport(server) },
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
    log: silentLog,
  });
});
afterAll(async () => {
  await gateway?.close();
  await github?.stop();
  rmSync(dataFolder, { recursive: true, force: true });
});

const call = (tool: string, args: Record<string, unknown>) =>
  gateway.call({
    server: 'github',
    tool,
    args: { ...repo, ...args },
    run: 'run_1',
    step: 'test',
    target: { name: 'staging' } as unknown as Target,
    signal: new AbortController().signal,
  });

test('a change travels from branch to draft pull request, and reads back as it was pushed', async () => {
  const branch = 'planwarden/run_1';
  requireOk(await call('create_branch', { branch }), 'create the branch');
  expect(await call('create_branch', { branch })).toMatchObject({ isError: true, status: 422 });
  const files = [
    { path: 'apps/shop/deployment.yaml', content: 'replicas: 3 # ü\n' },
    { path: 'apps/shop/empty.yaml', content: '' },
  ];
  requireOk(await call('push_files', { branch, files, message: 'Add the shop' }), 'push');
  requireOk(await call('delete_file', { branch, path: 'old.yaml', message: 'Remove what is old' }), 'delete');
  const opened = await call('create_pull_request', { title: 'Shop', head: branch, base: 'main', draft: true });
  const pullNumber = Number(JSON.parse(requireOk(opened, 'open').text).url.split('/').at(-1));
  const read = async (method: string) =>
    JSON.parse(requireOk(await call('pull_request_read', { method, pullNumber }), method).text);
  expect(await read('get')).toMatchObject({ number: pullNumber, draft: true, state: 'open', head: { ref: branch } });
  expect(
    (await read('get_files')).map((file: { filename: string; status: string }) => [file.filename, file.status]),
  ).toEqual(
    expect.arrayContaining([
      ['apps/shop/deployment.yaml', 'added'],
      ['old.yaml', 'removed'],
    ]),
  );
  expect(await read('get_reviews')).toEqual([]);
  const file = await call('get_file_contents', { path: 'apps/shop/deployment.yaml', ref: `refs/heads/${branch}` });
  expect(requireOk(file, 'read').resources[0]?.text).toBe('replicas: 3 # ü\n');
  expect(await call('get_file_contents', { path: 'old.yaml', ref: branch })).toMatchObject({
    isError: true,
    status: 404,
  });
  requireOk(await call('add_issue_comment', { issue_number: pullNumber, body: 'hello' }), 'comment');
  requireOk(await call('update_pull_request', { pullNumber, title: 'Shop again' }), 'edit');
  expect(await read('get')).toMatchObject({ title: 'Shop again' });
  requireOk(await call('update_pull_request', { pullNumber, state: 'closed' }), 'close');
  expect(await read('get')).toMatchObject({ state: 'closed', merged: false });
});

test('a branch that is protected refuses a push', async () => {
  const files = [{ path: 'README.md', content: 'taken over\n' }];
  const answer = await call('push_files', { branch: 'main', files, message: 'Past the gate' });
  expect(answer).toMatchObject({ isError: true, failure: 'final' });
});

test('a review is made pending, takes comments on lines, and shows once it is submitted', async () => {
  const branch = 'planwarden/run_review';
  requireOk(await call('create_branch', { branch }), 'branch');
  const files = [{ path: 'apps/reviewed.yaml', content: 'a: 1\nb: 2\n' }];
  requireOk(await call('push_files', { branch, files, message: 'Add' }), 'push');
  const opened = await call('create_pull_request', { title: 'Look', head: branch, base: 'main' });
  const pullNumber = Number(JSON.parse(requireOk(opened, 'open').text).url.split('/').at(-1));
  const review = (args: Record<string, unknown>) => call('pull_request_review_write', { pullNumber, ...args });
  const comment = (line: number) =>
    call('add_comment_to_pending_review', {
      ...{ pullNumber, path: 'apps/reviewed.yaml', body: 'Here', subjectType: 'LINE', side: 'RIGHT', line },
    });
  expect((await comment(1)).text).toBe('No pending review found for the viewer');
  const none = await review({ method: 'delete_pending' });
  expect(none).toMatchObject({ isError: true, text: 'No pending review found for the viewer' });

  requireOk(await review({ method: 'create' }), 'pending');
  requireOk(await review({ method: 'delete_pending' }), 'away');
  requireOk(await review({ method: 'create' }), 'pending again');
  requireOk(await comment(2), 'comment');
  expect(await comment(99)).toMatchObject({ isError: true });
  // The author App opened it: it can comment on its own pull request, not refuse it.
  const own = await review({ method: 'submit_pending', event: 'REQUEST_CHANGES', body: 'No' });
  expect(own).toMatchObject({ isError: true });
  requireOk(await review({ method: 'submit_pending', event: 'COMMENT', body: 'Read' }), 'submit');
  const read = async (method: string) =>
    JSON.parse(requireOk(await call('pull_request_read', { method, pullNumber }), method).text);
  expect(await read('get_reviews')).toEqual([expect.objectContaining({ state: 'COMMENTED', body: 'Read' })]);
  // As in the official server: the oldest review of the account is looked at, and that one is submitted.
  requireOk(await review({ method: 'create' }), 'a second');
  expect((await comment(2)).text).toContain('is not pending');
});
