import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type FaultPoints, PlanwardenError } from '@planwarden/contracts';
import { createPool } from '@planwarden/database';
import { hasEnded, NGINX, type RunSeen, startWorld, type World, waitsForApproval } from '../e2e/world.js';

describe('workers that die', () => {
  /** What befalls the worker of the one installation of this file; each test says what. */
  let befalls: FaultPoints['at'] = () => undefined;
  let world: World;
  let pool: ReturnType<typeof createPool>;
  beforeAll(async () => {
    world = await startWorld({ faults: { at: (name, at) => befalls(name, at) } });
    pool = createPool({ connectionString: world.at.connectionString, max: 1 });
  });
  afterEach(() => {
    befalls = () => undefined;
  });
  afterAll(async () => {
    await pool.end();
    await world.stop();
  });

  /** Effects of one run that may happen once only, in their order, before its merge. */
  const BEFORE_MERGE = ['create-branch', 'push-files', 'create-pull-request', 'evidence-commit'];

  /** Fails once for each of the effects when its point is met, as if the worker had died there. @returns those not met yet */
  function diesAt(
    point: string,
    effects: readonly string[],
    how: (run: string) => Promise<PlanwardenError>,
  ): Set<string> {
    const left = new Set(effects);
    befalls = async (name, { run = '', effect = '' } = {}) => {
      if (name === point && left.delete(effect)) throw await how(run);
    };
    return left;
  }
  /** Its lease runs out at once: a short one would run out on a slow machine as well. */
  const gone = async (run: string): Promise<PlanwardenError> => {
    await pool.query(
      'UPDATE runs SET lease_owner = NULL, lease_until = NULL, wake_at = clock_timestamp() WHERE id = $1',
      [run],
    );
    return new PlanwardenError('LEASE_LOST', 'the worker died', { remedy: 'none' });
  };
  const cut = async (): Promise<PlanwardenError> =>
    new PlanwardenError('OUTSIDE_UNAVAILABLE', 'the answer was lost', { remedy: 'none', failure: 'retryable' });

  async function approveAndEnd(run: string): Promise<RunSeen> {
    const waiting = await world.until(run, waitsForApproval);
    const { number, evidenceSha } = waiting.pullRequest ?? { number: 0, evidenceSha: null };
    expect(await world.review('ravi-reviewer', number, 'APPROVE', evidenceSha ?? '')).toBe(200);
    return world.until(run, hasEnded);
  }

  /** Commits: one with the files, one evidence; checks: the plan, and what confirm found; everything else exactly once. */
  const ONCE = { 'git/create-ref': 1, 'git/create-commit': 2, 'pulls/create': 1, 'pulls/merge': 1, 'checks/create': 2 };

  /** A change carried to its end, and how often each effect happened for it. */
  async function carry(name: string): Promise<{ ended: RunSeen; done: Record<string, number> }> {
    const { control } = world.at.github;
    const before = control.countEffects();
    const ended = await approveAndEnd(await world.propose({ ...NGINX, name }));
    const now = Object.entries(control.countEffects());
    return { ended, done: Object.fromEntries(now.map(([effect, count]) => [effect, count - (before[effect] ?? 0)])) };
  }

  // gate: reenters-at-confirm
  describe('a worker that dies', () => {
    test('right after the merge, before its journal entry: the run ends applied, merged once', async () => {
      diesAt('runs:effect:acted', ['merge'], gone);
      const { ended, done } = await carry('after-merge');
      expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
      expect(done).toMatchObject(ONCE);
      const messages = (await world.at.app.services.runs.events(ended.run.id)).map((event) => event.message);
      expect(messages).toContain('enters again at confirm');
      expect(messages).toContain('an earlier attempt of ours had merged exactly this commit');
    });

    test('right before the merge, and then GitHub does not tell what became of it: the end does not say that nothing happened', async () => {
      let restore = (): void => undefined;
      befalls = async (name, { effect = '' } = {}) => {
        if (name !== 'runs:effect:intended' || effect !== 'merge') return;
        restore = world.at.github.control.fail('pulls/get', 403);
        throw await cut();
      };
      const { ended } = await carry('untold-merge');
      restore();
      expect(ended.run).toMatchObject({ state: 'apply_failed', outcome: { code: 'OUTSIDE_REFUSED' } });
    });

    test('right before the merge, and then something goes wrong on our side: the run waits with its lock, and goes on', async () => {
      const services = world.at.app.services as { fresh: typeof world.at.app.services.fresh };
      const { fresh } = services;
      befalls = async (name, { effect = '' } = {}) => {
        if (name !== 'runs:effect:intended' || effect !== 'merge') return;
        befalls = () => undefined;
        services.fresh = () => {
          throw new TypeError('nobody expected this');
        };
        throw await cut();
      };
      const run = await world.propose({ ...NGINX, name: 'our-mistake' });
      const { pullRequest } = await world.until(run, waitsForApproval);
      const { control } = world.at.github;
      const merges = () => control.countEffects()['pulls/merge'] ?? 0;
      const before = merges();
      await world.review('ravi-reviewer', pullRequest?.number ?? 0, 'APPROVE', pullRequest?.evidenceSha ?? '');
      const doubtful = await world.until(run, (seen) => hasEnded(seen) || seen.run.wait?.reason === 'in_doubt');
      expect(doubtful).toMatchObject({
        run: { ended: false, state: 'awaiting_approval' },
        locks: [{ holder: run, kept: null }],
      });
      expect(doubtful.run.wait?.message).toMatch(
        /^a release of this run was begun, and something went wrong on our side/,
      );
      expect(JSON.stringify(doubtful)).not.toContain('nobody expected this');
      services.fresh = fresh;
      await world.at.app.services.runs.wake(run);
      await world.at.app.bell.ring(run);
      const { state, outcome } = (await world.until(run, hasEnded)).run;
      expect([state, outcome, merges() - before]).toEqual(['applied', null, 1]);
    });

    test('after every effect in turn: each is found again and none is done twice', async () => {
      diesAt('runs:effect:acted', [...BEFORE_MERGE, 'merge'], cut);
      const { ended, done } = await carry('after-each');
      expect(ended.run.state).toBe('applied');
      expect(done).toMatchObject(ONCE);
    });

    test('after every intent in turn: each is done once by the next attempt', async () => {
      diesAt('runs:effect:intended', [...BEFORE_MERGE, 'merge'], cut);
      const { ended, done } = await carry('after-intents');
      expect(ended.run.state).toBe('applied');
      expect(done).toMatchObject(ONCE);
    });
  });

  test('a worker that dies when it has said why the run ended, and not closed the pull request: it is said once', async () => {
    const { control } = world.at.github;
    const comments = () => control.countEffects()['issues/create-comment'] ?? 0;
    const run = await world.propose({ ...NGINX, name: 'unwanted' });
    await world.until(run, waitsForApproval);
    const before = comments();
    const left = diesAt('runs:tell:acted', ['why-it-ended'], gone);
    await world.call('cancel_run', { run, reason: 'It is not wanted.' });
    expect((await world.until(run, hasEnded)).run.state).toBe('canceled');
    expect([left.size, comments() - before]).toEqual([0, 1]);
    const messages = (await world.at.app.services.runs.events(run)).map(({ message }) => message);
    expect(messages.filter((message) => message.startsWith('canceled by'))).toHaveLength(1);
  });

  test.each(['pulls/merge', 'git/create-ref', 'pulls/create', 'git/update-ref'])(
    'the answer to %s is lost: what happened is found, not repeated',
    async (operation) => {
      world.at.github.control.dropAnswerOnce(operation);
      const { ended, done } = await carry(`lost-${operation.replace('/', '-')}`);
      expect([ended.run.state, ended.run.outcome]).toEqual(['applied', null]);
      expect(done).toMatchObject({ 'pulls/create': 1, 'pulls/merge': 1 });
    },
  );
});
