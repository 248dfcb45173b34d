import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { hasEnded, type Json, startWorld, type World, waitsForApproval } from '../e2e/world.js';
import { GITHUB_NAME, type GitHubName, startGitHubName } from './github-name.js';

const { ensureGitHubMcpServer }: { ensureGitHubMcpServer(): string } = await import(
  new URL('../../scripts/peers/github-mcp-server.mjs', import.meta.url).href
);
const pins: { tools: Record<string, unknown> } = JSON.parse(
  readFileSync(new URL('../../libs/mcp-client/pins/github.json', import.meta.url), 'utf8'),
);

let binary = '';
let name: GitHubName;
let world: World;

/** How the official server is started: only our tools, no environment of ours. */
const official = (token: string) => ({
  command: binary,
  args: ['stdio', '--gh-host', GITHUB_NAME, '--tools', Object.keys(pins.tools).join(',')],
  env: { GITHUB_PERSONAL_ACCESS_TOKEN: token, HTTP_PROXY: name.proxyUrl, http_proxy: name.proxyUrl },
});

beforeAll(async () => {
  binary = ensureGitHubMcpServer();
  name = await startGitHubName();
  world = await startWorld({
    outside: (outside, secrets) => {
      name.pointAt(outside.github.apiUrl);
      const authorServer = { kind: 'stdio' as const, ...official(secrets.authorToken) };
      return { ...outside, github: { ...outside.github, authorServer } };
    },
  });
}, 600_000);
afterAll(async () => {
  await world?.stop();
  await name?.close();
});

test('our pins are the input schemas of the official server, tool by tool', async () => {
  const client = new Client({ name: 'peers', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StdioClientTransport({ ...official(world.at.secrets.authorToken), stderr: 'ignore' }));
  try {
    const { tools } = await client.listTools();
    expect(Object.fromEntries(tools.map((tool) => [tool.name, tool.inputSchema]))).toEqual(pins.tools);
  } finally {
    await client.close();
  }
});

/** To the end of its road, approved by the reviewer at GitHub; what it did there, reads left out. */
async function drive(begin: () => Promise<string>) {
  // A run may write before whoever asked for it has read its name.
  const before = name.asked.length;
  const run = await begin();
  const waiting = await world.until(run, waitsForApproval);
  expect(waiting.run).toMatchObject({ state: 'awaiting_approval' });
  const wrote = name.asked.slice(before).filter((line) => !line.startsWith('GET'));
  const pull = waiting.pullRequest;
  expect(await world.review('ravi-reviewer', pull?.number ?? 0, 'APPROVE', pull?.evidenceSha ?? '')).toBe(200);
  return { wrote, waiting, ended: await world.until(run, hasEnded) };
}
const REPOSITORY = '/api/v3/repos/platform/infrastructure';

test('the official server drives the whole road on the sandbox GitHub', async () => {
  const { wrote, ended } = await drive(() => world.propose());
  // It wrote, not our own server: branch, commit and pull request went through its name.
  expect(wrote).toEqual([
    `POST ${REPOSITORY}/git/refs`,
    `POST ${REPOSITORY}/git/trees`,
    `POST ${REPOSITORY}/git/commits`,
    expect.stringContaining(`PATCH ${REPOSITORY}/git/refs/heads/planwarden`),
    `POST ${REPOSITORY}/pulls`,
  ]);
  expect(ended.run).toMatchObject({ state: 'applied' });
  expect(ended.verified).toEqual(['3 pods running (Deployment staging-nginx/nginx)']);
});

test('it takes a file away in a commit of its own; the plan that would delete is refused to this persona', async () => {
  const settings = `apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: staging-nginx }
data: { colour: blue }
`;
  const ask = async (what: Json) =>
    String((await world.call('propose_change', { target: 'staging', title: 'Settings', ...what })).data.run);
  const made = await drive(() => ask({ files: [{ path: 'nginx/settings.yaml', content: settings }] }));
  expect(made.ended.run).toMatchObject({ state: 'applied' });

  const before = name.asked.length;
  const refused = await world.until(await ask({ deletions: ['nginx/settings.yaml'] }), hasEnded);
  // Closing it, with a word why, goes the same way.
  expect(name.asked.slice(before).filter((line) => !line.startsWith('GET'))).toEqual([
    `POST ${REPOSITORY}/git/refs`,
    `POST ${REPOSITORY}/git/trees`,
    `POST ${REPOSITORY}/git/commits`,
    expect.stringContaining(`PATCH ${REPOSITORY}/git/refs/heads/planwarden`),
    `POST ${REPOSITORY}/pulls`,
    expect.stringMatching(/^POST .*\/issues\/\d+\/comments$/),
    expect.stringMatching(/^PATCH .*\/pulls\/\d+$/),
  ]);
  expect(refused.plan?.text).toContain('0 to create, 0 to update, 1 to delete, 0 unchanged');
  expect(refused.run).toMatchObject({ state: 'policy_failed' });
  expect(refused.findings).toEqual([expect.objectContaining({ rule: 'risk-ceiling' })]);
});

test('it writes a review with its findings at their lines, and never two', async () => {
  const repository = 'platform/infrastructure';
  const path = 'environments/staging/shop/shop.yaml';
  const content = `apiVersion: v1
kind: Service
metadata: { name: shop, namespace: staging-shop }
spec:
  type: LoadBalancer
  ports: [{ port: 80 }]
`;
  const push = () =>
    world.at.github.control.push({
      ...{ repository, branch: 'people/shop', login: 'olivia-owner', files: { [path]: content } },
    });
  const sha = await push();
  const ask = async (at: string, body?: Json): Promise<Json & Json[]> => {
    const answer = await fetch(`${world.at.github.url}/repos/${repository}${at}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${world.at.secrets.people['olivia-owner']}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Json & Json[];
  };
  const { number } = await ask('/pulls', { title: 'Shop', head: 'people/shop', base: 'main' });
  const review = async (commit: string) => {
    const { data } = await world.call('propose_change', {
      ...{ target: 'staging', persona: 'security', title: 'Look', pullRequest: { number, sha: commit } },
    });
    return world.until(String(data.run), hasEnded);
  };
  const before = name.asked.length;
  const first = await review(sha);
  // Beginning, comment and submission, each after a look for the pull request or the pending review.
  expect(name.asked.slice(before).every((line) => line === 'POST /api/graphql')).toBe(true);
  expect(first.review).toMatchObject({ denies: true, posted: { event: 'REQUEST_CHANGES', onLines: 1 } });
  const comments = await ask(`/pulls/${number}/comments`);
  expect(comments.map(({ path: file, line }) => [file, line])).toEqual([[path, 5]]);
  // The pending review of an account that has reviewed before is not found by this server: the text takes it all.
  const second = await review(await push());
  expect(second.review?.posted).toMatchObject({ event: 'REQUEST_CHANGES', onLines: 0 });
  expect((await ask(`/pulls/${number}/reviews`)).map(({ state }) => state)).toEqual([
    'CHANGES_REQUESTED',
    'CHANGES_REQUESTED',
  ]);
});
