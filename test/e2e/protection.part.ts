import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { githubCheck } from '@planwarden/cli';
import type { SeedProtection, SeedRuleset } from '@planwarden/sandbox-github';
import { hasEnded, NGINX, startWorld, type World, waitsForApproval } from './world.js';

describe('protection of the repository', () => {
  const REPOSITORY = 'platform/infrastructure';
  const RELEASE_APP = 502;
  const branch: SeedProtection = {
    requiredReviews: 1,
    requiredChecks: ['planwarden/plan'],
    checkAppId: RELEASE_APP,
  };
  const tags: SeedRuleset = {
    id: 41,
    name: 'Tags of Planwarden',
    target: 'tag',
    include: ['refs/tags/planwarden/**'],
    rules: [{ type: 'creation' }, { type: 'update' }, { type: 'deletion' }],
    bypassApps: [RELEASE_APP],
  };
  /** The same for the branch, by a ruleset alone. */
  const main: SeedRuleset = {
    id: 42,
    name: 'Base branch',
    target: 'branch',
    include: ['refs/heads/main'],
    rules: [
      { type: 'deletion' },
      { type: 'non_fast_forward' },
      {
        type: 'pull_request',
        parameters: {
          required_approving_review_count: 1,
          dismiss_stale_reviews_on_push: false,
          require_code_owner_review: false,
          require_last_push_approval: false,
          required_review_thread_resolution: false,
        },
      },
      {
        type: 'required_status_checks',
        parameters: {
          strict_required_status_checks_policy: false,
          required_status_checks: [{ context: 'planwarden/plan', integration_id: RELEASE_APP }],
        },
      },
    ],
  };

  /** A CI App that may write checks, as nearly every one may. */
  const CI = { id: 602, slug: 'ci', botId: 9200, installationId: 7200, token: 'ghs_of_ci_at_the_sandbox' };
  const OTHER = { id: 603, slug: 'lint', botId: 9201, installationId: 7201, token: 'ghs_of_lint_at_the_sandbox' };
  let world: World;
  beforeAll(async () => {
    world = await startWorld({
      seed: { apps: [CI, OTHER].map((app) => ({ ...app, permissions: { checks: 'write', metadata: 'read' } })) },
      poll: { firstMs: 500, longestMs: 1000 },
      outside: (outside) => ({ ...outside, github: { ...outside.github, mustBeProtected: true } }),
    });
    writeFileSync(join(world.folder, 'address.json'), JSON.stringify({ url: world.url }));
  });
  afterAll(() => world.stop());

  const protect = (change: Parameters<World['at']['github']['control']['protect']>[1]) =>
    world.at.github.control.protect(REPOSITORY, change);
  async function missing(): Promise<string[]> {
    const { text, isGood } = await githubCheck(world.folder);
    const names = [...text.matchAll(/^ {2}missing (\S+)/gm)].map((match) => match[1] ?? '');
    expect(isGood).toBe(names.length === 0);
    return names;
  }

  test('a change to a repository that lacks a protection waits, names what is missing, and goes on when it is there', async () => {
    const waiting = await world.until(await world.propose(), waitsForApproval);
    // Somebody else tells under our name what we found.
    const forged = { status: 'completed', conclusion: 'success', output: { title: 'All is well', summary: '' } };
    const checks = `${world.at.github.url}/repos/${REPOSITORY}`;
    const headers = { authorization: `Bearer ${CI.token}` };
    const sha = waiting.pullRequest?.evidenceSha ?? '';
    const body = JSON.stringify({ name: 'planwarden/confirm', head_sha: sha, ...forged });
    expect((await fetch(`${checks}/check-runs`, { method: 'POST', headers, body })).status).toBe(201);
    await world.review(
      'ravi-reviewer',
      waiting.pullRequest?.number ?? 0,
      'APPROVE',
      waiting.pullRequest?.evidenceSha ?? '',
    );
    const held = await world.until(
      waiting.run.id,
      ({ run }) => run.ended || (run.wait?.message.includes('not protected') ?? false),
    );
    expect(held.run).toMatchObject({ state: 'awaiting_approval', ended: false });
    expect(held.run.wait?.message).toContain('tags-only-ours (tags below planwarden/');
    const at = `${checks}/commits/${sha}/check-runs?check_name=planwarden/confirm&app_id=${RELEASE_APP}`;
    const told = (await (await fetch(at, { headers })).json()) as { check_runs: { output: { title: string } }[] };
    expect(told.check_runs.map(({ output }) => output.title)).toEqual(['Waiting: UNPROTECTED']);
    protect({ protection: { main: branch }, rulesets: [tags] });
    expect((await world.until(waiting.run.id, hasEnded)).run.state).toBe('applied');
  });

  test('a required check counts from the App that the base branch names: no green one of another, and no red one', async () => {
    const asked = { ...branch, requiredChecks: ['planwarden/plan', 'ci/test'], checkApps: { 'ci/test': CI.id } };
    protect({ protection: { main: asked }, rulesets: [tags] });
    const waiting = await world.until(await world.propose({ ...NGINX, name: 'checked' }), waitsForApproval);
    const { number, evidenceSha: sha } = waiting.pullRequest ?? { number: 0, evidenceSha: null };
    const say = async ({ token }: typeof CI, conclusion: string): Promise<void> => {
      const body = JSON.stringify({ name: 'ci/test', head_sha: sha, status: 'completed', conclusion });
      const headers = { authorization: `Bearer ${token}` };
      const url = `${world.at.github.url}/repos/${REPOSITORY}/check-runs`;
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(201);
    };
    await say(OTHER, 'success');
    await world.review('ravi-reviewer', number, 'APPROVE', sha ?? '');
    const held = await world.until(
      waiting.run.id,
      ({ run }) => run.ended || /required check/.test(run.wait?.message ?? ''),
    );
    expect(held.run).toMatchObject({
      ended: false,
      wait: { message: expect.stringContaining(`App with id ${CI.id}`) },
    });
    const merging = {
      method: 'PUT',
      headers: { authorization: `Bearer ${world.at.secrets.people['olivia-owner']}` },
      body: JSON.stringify({ sha }),
    };
    const refused = await fetch(`${world.at.github.url}/repos/${REPOSITORY}/pulls/${number}/merge`, merging);
    expect([refused.status, ((await refused.json()) as { message: string }).message]).toEqual([
      405,
      'Required status check "ci/test" is expected.',
    ]);
    await say(OTHER, 'failure');
    await say(CI, 'success');
    expect((await world.until(waiting.run.id, hasEnded)).run.state).toBe('applied');
  });

  test.each<[string, string[], Parameters<typeof protect>[0]]>([
    ['classic protection and a ruleset for tags', [], { protection: { main: branch }, rulesets: [tags] }],
    ['rulesets alone', [], { protection: {}, rulesets: [tags, main] }],
    [
      'nothing at all',
      ['pull-request', 'reviews', 'our-check', 'no-force-push', 'no-deletion', 'no-bypass', 'tags-only-ours'],
      { protection: {}, rulesets: [] },
    ],
    [
      'a check that any App may give',
      ['our-check'],
      { protection: { main: { ...branch, checkAppId: 601 } }, rulesets: [tags] },
    ],
    [
      'administrators who go past',
      ['no-bypass'],
      { protection: { main: { ...branch, adminsMayPass: true } }, rulesets: [tags] },
    ],
    [
      'a release App that goes past',
      ['no-bypass'],
      { protection: {}, rulesets: [tags, { ...main, bypassApps: [RELEASE_APP] }] },
    ],
    [
      'a ruleset that is only tried out',
      ['tags-only-ours'],
      { protection: { main: branch }, rulesets: [{ ...tags, enforcement: 'evaluate' }] },
    ],
    [
      'tags that anybody may delete',
      ['tags-only-ours'],
      { protection: { main: branch }, rulesets: [{ ...tags, rules: tags.rules.slice(0, 2) }] },
    ],
    [
      'code owners asked for and not named',
      ['code-owners'],
      { protection: { main: { ...branch, requireCodeOwners: true } }, rulesets: [tags] },
    ],
    ['auto-merge', ['no-auto-merge'], { protection: { main: branch }, rulesets: [tags], allowAutoMerge: true }],
  ])('github check: %s', async (_, names, change) => {
    protect({ allowAutoMerge: false, ...change });
    expect(await missing()).toEqual(names);
  });
});
