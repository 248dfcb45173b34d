import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAppAuth } from '@octokit/auth-app';
import { Octokit } from '@octokit/rest';
import {
  type DefaultSeedOptions,
  defaultSeed,
  type SandboxSeed,
  type SandboxWebhook,
  startSandboxGitHub,
} from './index.js';

export const repo = { owner: 'platform', repo: 'infrastructure' };
const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export type Sandbox = Awaited<ReturnType<typeof openSandbox>>;

/** A sandbox with a client for each party. The release App signs in by JWT, as in production. */
export async function openSandbox(
  options: DefaultSeedOptions & { webhook?: SandboxWebhook; folder?: string; seed?: SandboxSeed } = {},
) {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'sandbox-github-'));
  const seed = options.seed ?? defaultSeed({ ...options, release: { publicKey: keys.publicKey } });
  const failures: unknown[] = [];
  const log = { ...quiet, error: (fields: object) => void failures.push(fields) };
  const webhook = options.webhook ? { webhook: options.webhook } : {};
  const github = await startSandboxGitHub({ dataFolder: folder, seed, log, ...webhook });
  const as = (auth: string): Octokit => new Octokit({ baseUrl: github.url, auth, log: quiet });
  const user = (login: string): string => seed.users.find((one) => one.login === login)?.token ?? '';
  const release = new Octokit({
    baseUrl: github.url,
    authStrategy: createAppAuth,
    auth: { appId: 502, privateKey: keys.privateKey, installationId: 7002 },
    log: quiet,
  });
  const author = as(seed.apps[0]?.token ?? '');
  return {
    ...github,
    folder,
    seed,
    failures,
    author,
    release,
    operator: as(user('operator')),
    reviewer: as(user('reviewer')),
    as,
    token: user,
    end: async () => {
      await github.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The author App's road: a branch with one commit of these files, by the git data API. Answers the head. */
export async function pushBranch(client: Octokit, branch: string, files: Record<string, string>): Promise<string> {
  const { data: main } = await client.rest.git.getRef({ ...repo, ref: 'heads/main' });
  const parent = main.object.sha;
  await client.rest.git.createRef({ ...repo, ref: `refs/heads/${branch}`, sha: parent });
  const { data: commit } = await client.rest.git.getCommit({ ...repo, commit_sha: parent });
  const { data: tree } = await client.rest.git.createTree({
    ...repo,
    base_tree: commit.tree.sha,
    tree: Object.entries(files).map(([path, content]) => ({ path, content, mode: '100644', type: 'blob' })),
  });
  const made = await client.rest.git.createCommit({ ...repo, message: 'Change', tree: tree.sha, parents: [parent] });
  await client.rest.git.updateRef({ ...repo, ref: `heads/${branch}`, sha: made.data.sha });
  return made.data.sha;
}

/** A pull request of the author App on a fresh branch. */
export async function openPull(sandbox: Sandbox, branch: string, draft = false) {
  const head = await pushBranch(sandbox.author, branch, { [`apps/${branch.replace('/', '-')}.yaml`]: 'replicas: 2\n' });
  const { data } = await sandbox.author.rest.pulls.create({
    ...repo,
    title: `Change ${branch}`,
    head: branch,
    base: 'main',
    draft,
  });
  return { number: data.number, head, nodeId: data.node_id };
}

/** Status and words of a refusal. */
export async function refusal(work: Promise<unknown>): Promise<{ status: number; text: string }> {
  try {
    await work;
  } catch (error) {
    const { status, message } = error as { status: number; message: string };
    return { status, text: message };
  }
  throw new Error('it was not refused');
}

export interface Received {
  headers: Record<string, string | string[] | undefined>;
  body: string;
}
/** A receiver of webhooks on loopback. */
export async function openReceiver() {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      received.push({ headers: request.headers, body: Buffer.concat(parts).toString('utf8') });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    received,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
