import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { gitFromGitHub } from './index.js';

const SHA = 'a'.repeat(40);
const TREE = 'b'.repeat(40);
const blob = (text: string): object => ({ encoding: 'base64', content: Buffer.from(text).toString('base64') });
const ANSWERS: Readonly<Record<string, object>> = {
  '/repos/acme/infra': { default_branch: 'main' },
  '/repos/acme/infra/git/ref/heads/main': { object: { sha: SHA } },
  [`/repos/acme/infra/git/commits/${SHA}`]: { tree: { sha: TREE } },
  [`/repos/acme/infra/git/trees/${TREE}?recursive=1`]: {
    truncated: false,
    tree: [
      { type: 'tree', path: 'web', sha: '1' },
      { type: 'blob', path: 'web/a.yaml', sha: '2' },
      { type: 'blob', path: 'web/deep/b.yml', sha: '3' },
      { type: 'blob', path: 'web/logo.png', sha: '4' },
      { type: 'blob', path: 'website/c.yaml', sha: '5' },
    ],
  },
  '/repos/acme/infra/git/blobs/2': blob('a: ä\n'),
  '/repos/acme/infra/git/blobs/3': blob('b: 1\n'),
};

let server: Server;
let baseUrl: string;
const authorizations = new Set<string>();
beforeAll(async () => {
  server = createServer((request, response) => {
    authorizations.add(request.headers.authorization ?? '');
    const found = ANSWERS[decodeURIComponent(request.url ?? '')];
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? { message: 'Not Found' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});

const REPO = 'https://github.com/acme/infra';
const port = () => gitFromGitHub({ baseUrl, token: 'reader-token', repoUrl: [`${REPO}.git`] });

describe('gitFromGitHub', () => {
  test('finds heads by branch, commit and HEAD', async () => {
    expect(await port().head(REPO, 'main')).toBe(SHA);
    expect(await port().head(`${REPO}.git`, 'HEAD')).toBe(SHA);
    expect(await port().head(REPO, SHA)).toBe(SHA);
    expect([...authorizations]).toEqual(['token reader-token']);
  });

  test('reads the files below a folder, and none where there is no folder', async () => {
    expect(await port().listTree(REPO, SHA, 'web')).toEqual([
      { path: 'web/a.yaml', content: 'a: ä\n' },
      { path: 'web/deep/b.yml', content: 'b: 1\n' },
      { path: 'web/logo.png', content: '' },
    ]);
    expect(await port().listTree(REPO, SHA, 'nowhere')).toEqual([]);
  });

  test('refuses other repositories, and branches that are not there', async () => {
    await expect(port().head('https://github.com/acme/other', 'main')).rejects.toThrow('may be read');
    await expect(port().head(REPO, 'gone')).rejects.toThrow();
  });
});
