import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createPool } from '@planwarden/database';
import { takeLease } from '../e2e/take-lease.js';
import { hasEnded, type Json, NGINX, startWorld, type World, waitsForApproval } from '../e2e/world.js';

describe('two workers at one effect', () => {
  /**
   * Two workers at one effect of the real roads, let go at the same instant at the target's door: the first is held there,
   * its lease is taken, the second asks the target, finds nothing, and comes to the same door. What is left is what the
   * last column of the table in docs/durability.md says.
   */
  const REPOSITORY = 'platform/infrastructure';
  let world: World;
  let pool: ReturnType<typeof createPool>;
  beforeAll(async () => {
    world = await startWorld({}, undefined, (yaml) => yaml.replace('persona: sre', 'persona: security'));
    pool = createPool({ connectionString: world.at.connectionString, max: 1 });
  });
  afterAll(async () => {
    await pool.end();
    await world.stop();
  });

  /** @throws Error where the run ends without it */
  async function isTrue(condition: () => boolean, run: string): Promise<void> {
    while (!condition()) {
      const { ended, outcome } = await world.at.app.services.runs.get(run);
      if (ended && !condition()) throw new Error(`the run ended before that: ${outcome?.code} ${outcome?.message}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const CONFIG_MAP = `apiVersion: v1
kind: ConfigMap
metadata: { name: raced, namespace: staging-shop }
data: { colour: blue }
`;
  const fenceOf = async (run: string): Promise<number> =>
    Number((await pool.query<{ fence: string }>('SELECT fence FROM runs WHERE id = $1', [run])).rows[0]?.fence);

  /**
   * Both at the door of an operation, then both through it.
   * @param run under way, and not yet past it
   */
  async function race(operation: string, run: string | (() => Promise<string>)): Promise<string> {
    const { control } = world.at.github;
    const open = control.pause(operation);
    try {
      const id = typeof run === 'string' ? run : await run();
      await isTrue(() => control.held(operation) >= 1, id);
      const fence = await takeLease(world, id);
      await isTrue(() => control.held(operation) >= 2, id);
      expect(await fenceOf(id)).toBeGreaterThan(fence);
      return id;
    } finally {
      open();
    }
  }

  /** Messages of the journal: what was intended once, and done or found once. */
  const journal = async (run: string): Promise<string[]> =>
    (await world.at.app.services.runs.events(run, 0, 1000)).map(({ message }) => message);
  async function expectOnce(run: string, effects: readonly string[]): Promise<void> {
    const said = await journal(run);
    for (const effect of effects) {
      const done = said.filter(
        (message) => message === `did ${effect}` || message === `${effect} had been done before`,
      );
      expect([effect, said.filter((message) => message === `about to do ${effect}`).length]).toEqual([effect, 1]);
      expect([effect, done.length]).toEqual([effect, 1]);
    }
  }
  async function github(path: string, body?: Json): Promise<Json & Json[]> {
    const answer = await fetch(`${world.at.github.url}/repos/${REPOSITORY}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${world.at.secrets.people['olivia-owner']}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Json & Json[];
  }

  test('a change of manifests, two workers at each of its effects: one of each is left, and it is applied', async () => {
    const before = world.at.github.control.countEffects();
    const run = await race('git/create-ref', () => world.propose({ ...NGINX, name: 'race' }));
    await race('git/update-ref', run);
    await race('pulls/create', run);
    await race('git/update-ref', run);
    const waiting = await world.until(run, waitsForApproval);
    const { number, evidenceSha } = waiting.pullRequest ?? { number: 0, evidenceSha: null };
    const reviewed = world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '');
    await race('pulls/merge', run);
    expect(await reviewed).toBe(200);
    const ended = await world.until(run, hasEnded);
    expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
    await expectOnce(run, ['create-branch', 'push-files', 'create-pull-request', 'evidence-commit', 'merge']);
    const after = world.at.github.control.countEffects();
    const times = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    for (const [operation, once] of [
      ['git/create-ref', 1],
      ['pulls/create', 1],
      ['pulls/merge', 1],
    ] as const) {
      expect([operation, times(operation)]).toEqual([operation, once]);
    }
    // What lost hangs on no ref: two evidence commits of the same second are even one and the same.
    const commits = await github(`/pulls/${number}/commits`);
    expect(commits.map(({ sha }) => sha)).toEqual([expect.any(String), evidenceSha]);
  });

  test('two workers that say why a run ended: whoever sees two comments leaves the first', async () => {
    const run = await world.propose({ ...NGINX, name: 'race-end' });
    const { number } = (await world.until(run, waitsForApproval)).pullRequest ?? { number: 0 };
    const times = (name: string): number => world.at.github.control.countEffects()[name] ?? 0;
    const [made, removed] = [times('issues/create-comment'), times('issues/delete-comment')];
    await race('issues/create-comment', async () => {
      await world.call('cancel_run', { run, reason: 'It is not wanted.' });
      return run;
    });
    expect((await world.until(run, hasEnded)).run.state).toBe('canceled');
    // The worker that lost the run may be the one that removes its own, after the other has ended it.
    const isOver = () => times('issues/create-comment') === made + 2 && times('issues/delete-comment') > removed;
    for (let looks = 0; !isOver() && looks < 1500; looks += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    const left = await github(`/issues/${number}/comments`);
    expect(left.map(({ body }) => String(body).split('\n')[0])).toEqual([`Planwarden run ${run} ended: canceled.`]);
    expect([times('issues/create-comment') - made, times('issues/delete-comment') - removed]).toEqual([2, 1]);
  });

  test('a review, two workers at it: GitHub takes both, they say the same, and the run says so', async () => {
    const branch = 'people/raced';
    const sha = await world.at.github.control.push({
      repository: REPOSITORY,
      branch,
      files: { 'environments/staging/raced/map.yaml': CONFIG_MAP },
      login: 'olivia-owner',
    });
    const { number } = await github('/pulls', { title: branch, head: branch, base: 'main' });
    const run = await race('graphql/addPullRequestReview', async () => {
      const asked = { target: 'staging', title: 'Look', persona: 'security', pullRequest: { number, sha } };
      return String((await world.call('propose_change', asked)).data.run);
    });
    const ended = await world.until(run, hasEnded);
    const reviews = await github(`/pulls/${Number(number)}/reviews`);
    expect([ended.run.state, ended.run.outcome?.code]).toEqual(['errored', 'EFFECT_DOUBLE']);
    expect(reviews.map(({ state }) => state)).toEqual(['COMMENTED', 'COMMENTED']);
    expect(new Set(reviews.map(({ body }) => body)).size).toBe(1);
    const said = await journal(run);
    expect(said.filter((message) => message === 'about to do review').length).toBe(1);
    expect(said).not.toContain('did review');
  });
});
